-- messaging/sql/report_flow.sql
-- What became of the messages of one flow in a period, by day, node and channel.
--
-- in:  tenant_id     bigint       added by kernel.sql
--      flow_id       bigint
--      since, until  timestamptz  of when they left, or were to leave where they did not
--      zone          text         IANA zone that says what a day is
-- out: day, node_id, channel, status, reason (why not sent; empty for all others), messages,
--      delivered, opened, clicked, bounced, unsubscribed (of those that were sent)
-- why: reads the rows of the flow alone. Hits of scanners set neither opened_at nor clicked_at.
SELECT
    (COALESCE(m.sent_at, m.planned_at) AT TIME ZONE %(zone)s)::date AS day,
    m.node_id,
    m.channel,
    m.status,
    CASE WHEN m.status = 'skipped' THEN m.reason ELSE '' END AS reason,
    count(*) AS messages,
    count(*) FILTER (WHERE m.status = 'sent' AND m.delivered_at IS NOT NULL) AS delivered,
    count(*) FILTER (WHERE m.status = 'sent' AND m.opened_at IS NOT NULL) AS opened,
    count(*) FILTER (WHERE m.status = 'sent' AND m.clicked_at IS NOT NULL) AS clicked,
    count(*) FILTER (WHERE m.status = 'sent' AND m.bounced_at IS NOT NULL) AS bounced,
    count(*) FILTER (
        WHERE m.status = 'sent'
        AND EXISTS (
            SELECT 1
            FROM messaging_touch AS t
            WHERE t.tenant_id = %(tenant_id)s
              AND t.message_id = m.id
              AND t.kind = 'unsubscribed'
        )
    ) AS unsubscribed
FROM messaging_message AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.flow_id = %(flow_id)s
  AND COALESCE(m.sent_at, m.planned_at) >= %(since)s
  AND COALESCE(m.sent_at, m.planned_at) < %(until)s
GROUP BY 1, 2, 3, 4, 5
