-- flows/sql/earn_campaign.sql
-- Sum what the recipients of a campaign bought because of it, by variant.
--
-- in:  tenant_id, campaign_id
--      days   int   a click claims the orders of so many days after it
-- out: variant, buyers, orders, revenue_minor, squares   squares: of the revenue of each buyer
-- why: an order belongs to the last message that its buyer clicked in the days before it, so that
--      each is credited once. Revenue is net, in the currency of the tenant; orders without a rate of
--      exchange count without revenue. A click of a machine claims nothing.
WITH clicked AS (
    SELECT m.id, m.profile_id, m.node_id AS variant, m.clicked_at
    FROM messaging_message AS m
    WHERE m.tenant_id = %(tenant_id)s
      AND m.campaign_id = %(campaign_id)s
      AND m.clicked_at IS NOT NULL
),

bought AS (
    SELECT
        c.variant,
        o.profile_id,
        o.id,
        COALESCE(
            o.base_gross_minor
            - round(o.base_gross_minor * o.refunded_minor::numeric / NULLIF(o.gross_minor, 0)),
            o.base_gross_minor,
            0
        )::bigint AS net_minor
    FROM clicked AS c
    JOIN crm_order AS o
      ON o.tenant_id = %(tenant_id)s
     AND o.profile_id = c.profile_id
     AND o.is_counted
     AND o.ordered_at >= c.clicked_at
    CROSS JOIN LATERAL (
        SELECT t.message_id, t.at
        FROM messaging_touch AS t
        JOIN messaging_message AS n
          ON n.tenant_id = %(tenant_id)s AND n.id = t.message_id AND NOT n.context ? 'test'
        WHERE t.tenant_id = %(tenant_id)s
          AND t.profile_id = o.profile_id
          AND t.kind = 'clicked'
          AND NOT t.is_bot
          AND t.at <= o.ordered_at
        ORDER BY t.at DESC
        LIMIT 1
    ) AS last
    WHERE last.message_id = c.id
      AND last.at > o.ordered_at - make_interval(days => %(days)s)
),

buyer AS (
    SELECT b.variant, b.profile_id, count(*) AS orders, sum(b.net_minor) AS net_minor
    FROM bought AS b
    GROUP BY b.variant, b.profile_id
)

SELECT
    y.variant,
    count(*) AS buyers,
    sum(y.orders)::bigint AS orders,
    sum(y.net_minor)::bigint AS revenue_minor,
    sum(y.net_minor * y.net_minor)::numeric AS squares
FROM buyer AS y
GROUP BY y.variant
