-- flows/sql/report_entries.sql
-- Count who entered a flow in a period by day, and how many of them reached its goal since.
--
-- in:  tenant_id     bigint       added by kernel.sql.run_sql
--      flow_id       bigint
--      since, until  timestamptz  of the entry
--      zone          text         IANA zone that says what a day is
-- out: day, entered, converted    days without entries are left out
SELECT
    (r.started_at AT TIME ZONE %(zone)s)::date AS day,
    count(*) AS entered,
    count(*) FILTER (
        WHERE r.status IN ('completed', 'exited') AND r.exit_reason LIKE 'goal: %%'
    ) AS converted
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.flow_id = %(flow_id)s
  AND r.started_at >= %(since)s
  AND r.started_at < %(until)s
GROUP BY 1;
