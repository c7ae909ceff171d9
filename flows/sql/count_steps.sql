-- flows/sql/count_steps.sql
-- Count the visits of each node of a flow by result.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
--      flow_id    bigint
-- out: node_id, result, visits   early exits are summed up as ``exited``
SELECT
    s.node_id,
    CASE WHEN s.result LIKE 'exited:%%' THEN 'exited' ELSE s.result END AS result,
    count(*) AS visits
FROM flows_runstep AS s
JOIN flows_flowrun AS r ON r.tenant_id = %(tenant_id)s AND r.id = s.run_id
WHERE s.tenant_id = %(tenant_id)s
  AND r.flow_id = %(flow_id)s
GROUP BY s.node_id, 2;
