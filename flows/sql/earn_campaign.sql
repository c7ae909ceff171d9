-- flows/sql/earn_campaign.sql
-- Sum what the recipients of a campaign bought because of it, by variant.
--
-- in:  tenant_id, and what messaging/sql/credit_orders.sql takes
-- out: variant, buyers, orders, revenue_minor, squares   squares: of the revenue of each buyer
-- why: revenue is net, in the currency of the tenant; orders without a rate of exchange count
--      without revenue.
WITH credited AS (
    {messaging.credit_orders}
),

buyer AS (
    SELECT
        c.node_id AS variant,
        c.profile_id,
        count(*) AS orders,
        sum(
            COALESCE(
                c.base_gross_minor
                - round(c.base_gross_minor * c.refunded_minor::numeric / NULLIF(c.gross_minor, 0)),
                c.base_gross_minor,
                0
            )::bigint
        ) AS net_minor
    FROM credited AS c
    GROUP BY c.node_id, c.profile_id
)

SELECT
    y.variant,
    count(*) AS buyers,
    sum(y.orders)::bigint AS orders,
    sum(y.net_minor)::bigint AS revenue_minor,
    sum(y.net_minor * y.net_minor)::numeric AS squares
FROM buyer AS y
GROUP BY y.variant
