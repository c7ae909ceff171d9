-- flows/sql/lock_runs.sql
-- Lock active runs and return where they stand: who advances one of them is waited for.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      run_ids    bigint[]
-- out: id, version_id, current_node, is_waiting
SELECT r.id, r.version_id, r.current_node, r.is_waiting
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.id = ANY(%(run_ids)s::bigint[])
  AND r.status = 'active'
ORDER BY r.id
FOR NO KEY UPDATE;
