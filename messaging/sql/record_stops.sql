-- messaging/sql/record_stops.sql
-- Write what the gates and the rendering stopped.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      ids, statuses, reasons, details, gates, addresses, dues
--                 arrays of one length; status is skipped or failed, or pending for one that is
--                 asked again when it is due
-- out: row count
-- why: one statement for a set. A message that another worker took since is left to it. What quiet
--      hours hold is not late: its moment moves to their end, as it does to the next day of a
--      warm-up. Of somebody who was erased meanwhile nothing is written back. Ids are named twice:
--      see list_due_messages.
UPDATE messaging_message AS m
SET status = stopped.status,
    reason = stopped.reason,
    detail = CASE WHEN p.erased_at IS NULL THEN stopped.detail ELSE '' END,
    gates = CASE WHEN p.erased_at IS NULL THEN stopped.gates::jsonb END,
    address = CASE WHEN p.erased_at IS NULL THEN stopped.address ELSE '' END,
    due_at = COALESCE(stopped.due_at, m.due_at),
    planned_at = CASE
        WHEN stopped.status = 'pending' AND stopped.reason = 'quiet_hours' THEN stopped.due_at
        WHEN stopped.status = 'pending' AND stopped.reason = 'warm_up'
            AND stopped.due_at > m.planned_at + interval '2 hours' THEN stopped.due_at
        ELSE m.planned_at
    END
FROM unnest(
    %(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(details)s::text[],
    %(gates)s::text[], %(addresses)s::text[], %(dues)s::timestamptz[]
) AS stopped (id, status, reason, detail, gates, address, due_at),
    crm_profile AS p
WHERE m.tenant_id = %(tenant_id)s
  AND m.id = stopped.id
  AND m.id = ANY(%(ids)s::bigint[])
  AND p.tenant_id = %(tenant_id)s
  AND p.id = m.profile_id
  AND p.id = ANY(ARRAY(
      SELECT own.profile_id
      FROM messaging_message AS own
      WHERE own.tenant_id = %(tenant_id)s AND own.id = ANY(%(ids)s::bigint[])
  ))
  AND m.status = 'pending'
