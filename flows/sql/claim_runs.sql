-- flows/sql/claim_runs.sql
-- Claim due runs, the longest due first.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      now        timestamptz
--      count      integer      most runs claimed
--      run_ids    bigint[]     only these; null: any
-- out: the runs, with what a decision needs of their flow and profile
--
-- Other workers skip locked rows, so each run has one worker at a time. A run whose profile is
-- being merged is left until that is done: nobody waits for whom waits for the run. The order is
-- the index's and no finer, or whatever is due at the same moment would be sorted for each batch.
SELECT
    r.id, r.flow_id, r.version_id, r.profile_id, r.current_node, r.visit, r.is_waiting,
    r.wake_at, r.trigger_event_id, r.trigger, r.context, f.status AS flow_status, p.timezone, p.country,
    p.erased_at IS NOT NULL AS is_erased
FROM flows_flowrun AS r
JOIN flows_flow AS f ON f.tenant_id = %(tenant_id)s AND f.id = r.flow_id
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = r.profile_id
WHERE r.tenant_id = %(tenant_id)s
  AND r.status = 'active'
  AND r.wake_at <= %(now)s
  AND (%(run_ids)s::bigint[] IS NULL OR r.id = ANY(%(run_ids)s::bigint[]))
ORDER BY r.wake_at
LIMIT %(count)s
FOR NO KEY UPDATE OF r SKIP LOCKED
FOR KEY SHARE OF p SKIP LOCKED;
