-- messaging/sql/find_differences.sql
-- Name messages whose row contradicts itself or its touches.
--
-- in:  tenant_id    bigint       added by kernel.sql
--      stuck_since  timestamptz  a lease that ended before it should have been settled
-- out: message_id, problem
-- why: what people see of a message must follow from what is recorded.
SELECT m.id AS message_id, problems.problem
FROM messaging_message AS m
LEFT JOIN (
    SELECT
        t.tenant_id,
        t.message_id,
        min(t.at) FILTER (WHERE t.kind = 'opened') AS opened_at,
        min(t.at) FILTER (WHERE t.kind = 'clicked') AS clicked_at
    FROM messaging_touch AS t
    WHERE t.tenant_id = %(tenant_id)s
      AND NOT t.is_bot
      AND NOT t.is_mpp
    GROUP BY t.tenant_id, t.message_id
) AS touched ON touched.tenant_id = m.tenant_id AND touched.message_id = m.id
CROSS JOIN LATERAL (
    VALUES
        (m.status = 'sent' AND m.message_id = '', 'sent without a Message-ID'),
        (m.status = 'sent' AND m.sent_at IS NULL, 'sent without a time'),
        (m.status <> 'sent' AND m.sent_at IS NOT NULL, 'has a time of sending but is not sent'),
        (
            m.status IN ('skipped', 'failed', 'unknown', 'cancelled') AND m.reason = '',
            'not sent without a reason'
        ),
        (m.status = 'sending' AND m.due_at < %(stuck_since)s, 'stuck in sending'),
        (m.opened_at IS DISTINCT FROM touched.opened_at, 'opened_at is not the first opening'),
        (m.clicked_at IS DISTINCT FROM touched.clicked_at, 'clicked_at is not the first click')
) AS problems (is_found, problem)
WHERE m.tenant_id = %(tenant_id)s
  AND problems.is_found
ORDER BY m.id, problems.problem
