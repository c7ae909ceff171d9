-- loyalty/sql/sum_days.sql
-- Say what moved on each day of a period, by kind.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
--      first_day  date    included
--      last_day   date    likewise
-- out: day, kind, points
SELECT d.day, d.kind, d.points
FROM loyalty_pointsday AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.day BETWEEN %(first_day)s AND %(last_day)s;
