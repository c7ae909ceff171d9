-- messaging/sql/settle_unknown.sql
-- Settle messages whose worker died between the call and the record.
--
-- in:  tenant_id    bigint       added by kernel.sql
--      now          timestamptz
--      send_again   text[]       classes that are sent again, once
-- out: row count
-- why: whether the mail server took such a mail cannot be asked. A promotional one is not sent
--      again; a transactional one is, once, with the same Message-ID. The outcome of what was not
--      sent is its status, and has an index. Ids are named twice: see list_due_messages.
WITH settled AS (
    SELECT tenant_id, id, message_class = ANY(%(send_again)s) AND NOT is_resend AS is_again
    FROM messaging_message
    WHERE tenant_id = %(tenant_id)s
      AND status = 'sending'
      AND outcome = 'sending'
      AND due_at <= %(now)s
    ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE messaging_message AS m
SET status = CASE WHEN settled.is_again THEN 'pending' ELSE 'unknown' END,
    is_resend = m.is_resend OR settled.is_again,
    reason = 'outcome_unknown',
    detail = CASE
        WHEN settled.is_again THEN 'outcome unknown, sent again'
        ELSE 'outcome unknown, not sent again'
    END,
    due_at = %(now)s,
    claim_id = CASE WHEN settled.is_again THEN NULL ELSE m.claim_id END
FROM settled
WHERE m.tenant_id = %(tenant_id)s
  AND m.tenant_id = settled.tenant_id
  AND m.id = settled.id
  AND m.id = ANY(ARRAY(SELECT s.id FROM settled AS s WHERE s.tenant_id = %(tenant_id)s))
