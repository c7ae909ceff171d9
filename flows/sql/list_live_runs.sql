-- flows/sql/list_live_runs.sql
-- List the runs on their way of some profiles, oldest first.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]
-- out: id, version_id, profile_id, trigger_event_id, trigger (JSON text)
SELECT r.id, r.version_id, r.profile_id, r.trigger_event_id, r.trigger::text AS trigger
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.profile_id = ANY(%(profile_ids)s::bigint[])
  AND r.status IN ('active', 'paused')
ORDER BY r.id;
