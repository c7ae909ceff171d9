-- messaging/sql/credit_flow.sql
-- What orders are credited to the messages of one flow that left in a period.
--
-- in:  tenant_id              bigint       added by kernel.sql
--      flow_id                bigint
--      since, until           timestamptz  of when the messages left
--      zone                   text         IANA zone that says what a day is
--      channels, kinds        text[]       of the touches that count
--      spans                  interval[]   how long after such a touch an order counts
--      longest                interval     of these
-- out: day (on which the message left), node_id, channel, orders, gross, refunded (minor units of
--      the tenant's currency; gross is what was paid before refunds)
--
-- The orders that the flow may have won are found by its own touches. Each then goes to the last
-- touch of its buyer, of whatever message, whose window is open: so it is credited once at most,
-- and reports of several flows never count it twice. The newest of equals has the higher id.
WITH span AS MATERIALIZED (
    SELECT w.channel, w.kind, w.span
    FROM unnest(%(channels)s::text[], %(kinds)s::text[], %(spans)s::interval[])
        AS w (channel, kind, span)
),

candidate AS MATERIALIZED (
    SELECT DISTINCT o.id, o.profile_id, o.ordered_at, o.base_gross_minor
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
      AND m.flow_id = %(flow_id)s
      AND m.status = 'sent'
      AND m.sent_at >= %(since)s
      AND m.sent_at < %(until)s
)

SELECT
    (c.sent_at AT TIME ZONE %(zone)s)::date AS day,
    c.node_id,
    c.channel,
    count(*) AS orders,
    COALESCE(sum(o.base_gross_minor), 0)::bigint AS gross,
    COALESCE(sum(b.refunded), 0)::bigint AS refunded
FROM candidate AS o
CROSS JOIN LATERAL (
    SELECT m.flow_id, m.sent_at, m.node_id, m.channel
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
LEFT JOIN LATERAL (
    SELECT sum(r.base_amount_minor) AS refunded
    FROM crm_refund AS r
    WHERE r.tenant_id = %(tenant_id)s AND r.order_id = o.id
) AS b ON true
WHERE c.flow_id = %(flow_id)s
  AND c.sent_at >= %(since)s
  AND c.sent_at < %(until)s
GROUP BY 1, 2, 3
