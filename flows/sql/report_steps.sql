-- flows/sql/report_steps.sql
-- Count what the runs that entered a flow in a period did at each node until now.
--
-- in:  tenant_id     bigint       added by kernel.sql.run_sql
--      flow_id       bigint
--      since, until  timestamptz  of the entry
-- out: node_id, passed, left_early   visits that are over: gone on or ended, or broken off
SELECT
    s.node_id,
    count(*) FILTER (WHERE s.result NOT LIKE 'exited: %%') AS passed,
    count(*) FILTER (WHERE s.result LIKE 'exited: %%') AS left_early
FROM flows_flowrun AS r
JOIN flows_runstep AS s ON s.tenant_id = %(tenant_id)s AND s.run_id = r.id
WHERE r.tenant_id = %(tenant_id)s
  AND r.flow_id = %(flow_id)s
  AND r.started_at >= %(since)s
  AND r.started_at < %(until)s
GROUP BY 1;
