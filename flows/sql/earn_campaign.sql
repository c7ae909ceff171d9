-- flows/sql/earn_campaign.sql
-- Sum what the recipients of a campaign bought because of it, by variant.
--
-- in:  tenant_id, campaign_id
--      channels, kinds   text[]      of the touches that count
--      spans             interval[]  how long after such a touch an order counts
--      longest           interval    of these
-- out: variant, buyers, orders, revenue_minor, squares   squares: of the revenue of each buyer
-- why: the orders that the campaign may have won are found by its own touches. Each then goes to the
--      last touch of its buyer, of whatever message, whose window is open, as in
--      messaging/sql/credit_flow.sql: flows and campaigns never count one twice. Revenue is net, in
--      the currency of the tenant; orders without a rate of exchange count without revenue.
WITH span AS MATERIALIZED (
    SELECT w.channel, w.kind, w.span
    FROM unnest(%(channels)s::text[], %(kinds)s::text[], %(spans)s::interval[])
        AS w (channel, kind, span)
),

candidate AS MATERIALIZED (
    SELECT DISTINCT
        o.id,
        o.profile_id,
        o.ordered_at,
        COALESCE(
            o.base_gross_minor
            - round(o.base_gross_minor * o.refunded_minor::numeric / NULLIF(o.gross_minor, 0)),
            o.base_gross_minor,
            0
        )::bigint AS net_minor
    FROM messaging_message AS m
    JOIN messaging_touch AS t
      ON t.tenant_id = %(tenant_id)s
     AND t.message_id = m.id
     AND t.kind = ANY(%(kinds)s::text[])
     AND NOT t.is_bot
     AND NOT t.is_mpp
    JOIN span AS w ON w.channel = m.channel AND w.kind = t.kind
    JOIN crm_order AS o
      ON o.tenant_id = %(tenant_id)s
     AND o.profile_id = t.profile_id
     AND o.is_counted
     AND o.ordered_at >= t.at
     AND o.ordered_at < t.at + w.span
    WHERE m.tenant_id = %(tenant_id)s
      AND m.campaign_id = %(campaign_id)s
),

buyer AS (
    SELECT c.variant, o.profile_id, count(*) AS orders, sum(o.net_minor) AS net_minor
    FROM candidate AS o
    CROSS JOIN LATERAL (
        SELECT m.campaign_id, m.node_id AS variant
        FROM messaging_touch AS t
        JOIN messaging_message AS m ON m.tenant_id = %(tenant_id)s AND m.id = t.message_id
        JOIN span AS w ON w.channel = m.channel AND w.kind = t.kind
        WHERE t.tenant_id = %(tenant_id)s
          AND t.profile_id = o.profile_id
          AND t.kind = ANY(%(kinds)s::text[])
          AND t.at <= o.ordered_at
          AND t.at > o.ordered_at - %(longest)s::interval
          AND t.at > o.ordered_at - w.span
          AND NOT t.is_bot
          AND NOT t.is_mpp
          AND NOT m.context ? 'test'
        ORDER BY t.at DESC, t.id DESC
        LIMIT 1
    ) AS c
    WHERE c.campaign_id = %(campaign_id)s
    GROUP BY c.variant, o.profile_id
)

SELECT
    y.variant,
    count(*) AS buyers,
    sum(y.orders)::bigint AS orders,
    sum(y.net_minor)::bigint AS revenue_minor,
    sum(y.net_minor * y.net_minor)::numeric AS squares
FROM buyer AS y
GROUP BY y.variant
