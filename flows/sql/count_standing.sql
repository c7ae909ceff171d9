-- flows/sql/count_standing.sql
-- Count those who are on their way or have failed, by version and node.
--
-- in:  tenant_id   bigint  added by kernel.sql.run_sql
--      flow_id     bigint
--      before      bigint  only of versions older than this one; null: of all
-- out: version_id, node, people   the newest version first
SELECT r.version_id, r.current_node AS node, count(*) AS people
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.flow_id = %(flow_id)s
  AND r.status IN ('active', 'paused', 'failed')
  AND (%(before)s::bigint IS NULL OR r.version_id < %(before)s::bigint)
GROUP BY r.version_id, r.current_node
ORDER BY r.version_id DESC, r.current_node;
