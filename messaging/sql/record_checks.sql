-- messaging/sql/record_checks.sql
-- Write what the gates and the rendering made of claimed messages.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      ids, statuses, reasons, details, gates, addresses, subjects, message_ids
--                 arrays of one length; status is sending, skipped or failed
-- out: row count
-- why: one statement for a batch, in the transaction that claimed it. A Message-ID once given
--      stays for ever.
UPDATE messaging_message AS m
SET status = checked.status,
    reason = checked.reason,
    detail = checked.detail,
    gates = checked.gates::jsonb,
    address = checked.address,
    subject = checked.subject,
    message_id = CASE WHEN m.message_id = '' THEN checked.message_id ELSE m.message_id END
FROM unnest(
    %(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(details)s::text[],
    %(gates)s::text[], %(addresses)s::text[], %(subjects)s::text[], %(message_ids)s::text[]
) AS checked (id, status, reason, detail, gates, address, subject, message_id)
WHERE m.tenant_id = %(tenant_id)s
  AND m.id = checked.id
