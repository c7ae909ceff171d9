-- messaging/sql/credit_orders.sql
-- The orders that messages won, as a part of other statements.
--
-- in:  tenant_id              bigint       added by kernel.sql
--      flow_id, campaign_id   bigint       whose messages; both NULL: of any flow
--      since, until           timestamptz  when they left; NULL: whenever, also where nobody knows
--      channels, kinds        text[]       of the touches that count
--      spans                  interval[]   how long after such a touch an order counts
--      longest                interval     of these
-- out: id, profile_id, ordered_at, base_gross_minor, gross_minor, refunded_minor of each order;
--      flow_id, node_id, channel, sent_at of its message
--
-- The orders that the messages may have won are found by their own touches. Each then goes to the
-- last touch of its buyer, of whatever message, whose window is open: so it is credited once at
-- most, and reports never count it twice. The newest of equals has the higher id.
WITH span AS MATERIALIZED (
    SELECT w.channel, w.kind, w.span
    FROM unnest(%(channels)s::text[], %(kinds)s::text[], %(spans)s::interval[])
        AS w (channel, kind, span)
),

candidate AS MATERIALIZED (
    SELECT DISTINCT
        o.id, o.profile_id, o.ordered_at, o.base_gross_minor, o.gross_minor, o.refunded_minor
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
      AND (%(flow_id)s::bigint IS NULL OR m.flow_id = %(flow_id)s::bigint)
      AND (%(campaign_id)s::bigint IS NULL OR m.campaign_id = %(campaign_id)s::bigint)
      AND (%(campaign_id)s::bigint IS NOT NULL OR m.flow_id IS NOT NULL)
      AND (
          %(since)s::timestamptz IS NULL
          OR (
              m.status = 'sent'
              AND m.sent_at >= %(since)s::timestamptz
              AND m.sent_at < %(until)s::timestamptz
          )
      )
)

SELECT o.*, c.flow_id, c.node_id, c.channel, c.sent_at
FROM candidate AS o
CROSS JOIN LATERAL (
    SELECT m.flow_id, m.campaign_id, m.sent_at, m.node_id, m.channel
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
WHERE (%(flow_id)s::bigint IS NULL OR c.flow_id = %(flow_id)s::bigint)
  AND (%(campaign_id)s::bigint IS NULL OR c.campaign_id = %(campaign_id)s::bigint)
  AND (%(campaign_id)s::bigint IS NOT NULL OR c.flow_id IS NOT NULL)
  AND (
      %(since)s::timestamptz IS NULL
      OR (c.sent_at >= %(since)s::timestamptz AND c.sent_at < %(until)s::timestamptz)
  )
