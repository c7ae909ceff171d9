-- messaging/sql/credit_flow.sql
-- What orders are credited to the messages of one flow, or of each, that left in a period.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      zone       text    IANA zone that says what a day is
--      and what messaging/sql/credit_orders.sql takes
-- out: flow_id, day (on which the message left), node_id, channel, orders, gross, refunded (minor
--      units of the tenant's currency; gross is what was paid before refunds)
WITH credited AS (
    {messaging.credit_orders}
)

SELECT
    c.flow_id,
    (c.sent_at AT TIME ZONE %(zone)s)::date AS day,
    c.node_id,
    c.channel,
    count(*) AS orders,
    COALESCE(sum(c.base_gross_minor), 0)::bigint AS gross,
    COALESCE(sum(b.refunded), 0)::bigint AS refunded
FROM credited AS c
LEFT JOIN LATERAL (
    SELECT sum(r.base_amount_minor) AS refunded
    FROM crm_refund AS r
    WHERE r.tenant_id = %(tenant_id)s AND r.order_id = c.id
) AS b ON true
GROUP BY 1, 2, 3, 4
