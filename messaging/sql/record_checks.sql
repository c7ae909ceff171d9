-- messaging/sql/record_checks.sql
-- Write what the gates and the rendering made of claimed messages.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      ids, statuses, reasons, details, gates, addresses, subjects, message_ids, parts,
--      dues
--                 arrays of one length; status is sending, skipped or failed, or pending for one
--                 that is asked again when it is due
-- out: row count
-- why: one statement for a batch, in the transaction that claimed it. A Message-ID once given
--      stays for ever. What quiet hours hold is not late: its moment moves to their end.
UPDATE messaging_message AS m
SET status = checked.status,
    reason = checked.reason,
    detail = checked.detail,
    gates = checked.gates::jsonb,
    address = checked.address,
    subject = checked.subject,
    parts = checked.parts,
    due_at = COALESCE(checked.due_at, m.due_at),
    planned_at = CASE
        WHEN checked.status = 'pending' AND checked.reason = 'quiet_hours' THEN checked.due_at
        ELSE m.planned_at
    END,
    claim_id = CASE WHEN checked.status = 'pending' THEN NULL ELSE m.claim_id END,
    message_id = CASE WHEN m.message_id = '' THEN checked.message_id ELSE m.message_id END
FROM unnest(
    %(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(details)s::text[],
    %(gates)s::text[], %(addresses)s::text[], %(subjects)s::text[], %(message_ids)s::text[],
    %(parts)s::smallint[], %(dues)s::timestamptz[]
) AS checked (
    id, status, reason, detail, gates, address, subject, message_id, parts, due_at
)
WHERE m.tenant_id = %(tenant_id)s
  AND m.id = checked.id
