-- flows/sql/lock_standing.sql
-- Lock the next of those who stand in older versions of a flow, and return where.
--
-- in:  tenant_id   bigint   added by kernel.sql.run_sql
--      flow_id     bigint
--      version_id  bigint   runs of this version, and of later ones, stay as they are
--      after       bigint   id of the last run that was looked at
--      count       integer
-- out: id, version_id, current_node, is_waiting, in the order of their ids
--
-- Who is just being advanced is waited for, and looked at where it then stands.
SELECT r.id, r.version_id, r.current_node, r.is_waiting
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.flow_id = %(flow_id)s
  AND r.id > %(after)s
  AND r.status IN ('active', 'paused', 'failed')
  AND r.version_id < %(version_id)s
ORDER BY r.id
LIMIT %(count)s
FOR NO KEY UPDATE OF r;
