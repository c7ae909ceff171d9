-- loyalty/sql/sum_days.sql
-- Sum up what moved on each day of a period, by kind. Reads one index and no row.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      zone       text         IANA zone that says what a day is
--      since      timestamptz  included
--      until      timestamptz  left out
-- out: day, kind, points
SELECT
    (e.effective_at AT TIME ZONE %(zone)s)::date AS day,
    e.kind,
    sum(e.points)::bigint AS points
FROM loyalty_pointsentry AS e
WHERE e.tenant_id = %(tenant_id)s
  AND e.effective_at >= %(since)s
  AND e.effective_at < %(until)s
GROUP BY 1, 2;
