-- flows/sql/unpause_runs.sql
-- Let those go on who came due while their flow was paused; they are due as they were.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
--      flow_id    bigint
-- out: row count = runs that are due again
UPDATE flows_flowrun AS r
SET status = 'active',
    wake_at = (r.context ->> 'due')::timestamptz,
    context = r.context - 'due'
WHERE r.tenant_id = %(tenant_id)s
  AND r.flow_id = %(flow_id)s
  AND r.status = 'paused';
