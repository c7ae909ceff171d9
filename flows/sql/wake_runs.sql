-- flows/sql/wake_runs.sql
-- Let waiting runs that are locked look again at once.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      run_ids    bigint[]
--      now        timestamptz
-- out: row count = runs that are due earlier than before
UPDATE flows_flowrun AS r
SET wake_at = %(now)s
WHERE r.tenant_id = %(tenant_id)s
  AND r.id = ANY(%(run_ids)s::bigint[])
  AND r.status = 'active'
  AND r.is_waiting
  AND r.wake_at > %(now)s;
