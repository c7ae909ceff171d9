-- flows/sql/count_entered.sql
-- Count the runs of each flow by the day on which they started.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      since      timestamptz  start of the first day
--      zone       text         IANA zone that says what a day is
-- out: flow_id, day, entered   days without entries are left out
SELECT
    r.flow_id,
    (r.started_at AT TIME ZONE %(zone)s)::date AS day,
    count(*) AS entered
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.started_at >= %(since)s
GROUP BY r.flow_id, 2;
