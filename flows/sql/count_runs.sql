-- flows/sql/count_runs.sql
-- Count the runs of each flow: on their way, failed, and entered since a day.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      since      timestamptz  entries from then on are counted
-- out: flow_id, active, failed, entered
SELECT
    r.flow_id,
    count(*) FILTER (WHERE r.status IN ('active', 'paused')) AS active,
    count(*) FILTER (WHERE r.status = 'failed') AS failed,
    count(*) FILTER (WHERE r.started_at >= %(since)s) AS entered
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND (r.status IN ('active', 'paused', 'failed') OR r.started_at >= %(since)s)
GROUP BY r.flow_id;
