-- flows/sql/advance_runs.sql
-- Write where claimed runs stand now.
--
-- in:  tenant_id                       bigint         added by kernel.sql.run_sql
--      run_ids                         bigint[]       one element per run, all claimed
--      statuses, reasons, nodes        text[]
--      visits                          integer[]
--      waits                           boolean[]
--      keys                            text[]         what ends the wait beside time
--      contexts                        jsonb[]
--      wakes                           timestamptz[]  null once the run is over or has failed
--      ends                            timestamptz[]  null while it is not over
-- out: -
UPDATE flows_flowrun AS r
SET status = n.status,
    exit_reason = n.reason,
    current_node = n.node,
    visit = n.visit,
    is_waiting = n.is_waiting,
    waits_for = n.waits_for,
    context = n.context,
    wake_at = n.wake_at,
    finished_at = n.finished_at
FROM unnest(
    %(run_ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(nodes)s::text[],
    %(visits)s::integer[], %(waits)s::boolean[], %(keys)s::text[], %(contexts)s::jsonb[],
    %(wakes)s::timestamptz[], %(ends)s::timestamptz[]
) AS n (
    run_id, status, reason, node, visit, is_waiting, waits_for, context, wake_at, finished_at
)
WHERE r.tenant_id = %(tenant_id)s
  AND r.id = n.run_id;
