-- flows/sql/list_recipients.sql
-- Say who of a cell comes next.
--
-- in:  tenant_id, campaign_id, cell
--      after_at, after_slot   place of the last one that was released
--      now                    timestamptz; who is due later waits
--      batch                  the most rows
-- out: profile_id, due_at, slot, by place
SELECT r.profile_id, r.due_at, r.slot
FROM flows_recipient AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.campaign_id = %(campaign_id)s
  AND r.cell = %(cell)s
  AND r.due_at <= %(now)s
  AND (r.due_at, r.slot) > (%(after_at)s::timestamptz, %(after_slot)s::bigint)
ORDER BY r.due_at, r.slot
LIMIT %(batch)s
