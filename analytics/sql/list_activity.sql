-- Purpose: how many people became active, and how many lapsed, on each day of a period.
-- In: first_day, last_day (both included), threshold_days.
-- Out: day, gained (ordered, and not in the threshold days before), lapsed (the threshold was over
--   without an order); days without either are left out.
-- Why: who is active changes by these two alone, so a chart of many days reads each pair once.
SELECT e.day, sum(e.gained)::bigint AS gained, sum(e.lapsed)::bigint AS lapsed
FROM (
    SELECT d.day, d.buyers AS gained, 0::numeric AS lapsed
    FROM analytics_dailymetric AS d
    WHERE d.tenant_id = %(tenant_id)s AND d.day BETWEEN %(first_day)s AND %(last_day)s
    UNION ALL
    SELECT g.next_on, -g.people, 0
    FROM analytics_buyergap AS g
    WHERE g.tenant_id = %(tenant_id)s
      AND g.day BETWEEN %(first_day)s::date - %(threshold_days)s::int AND %(last_day)s::date
      AND g.next_on BETWEEN %(first_day)s AND %(last_day)s
      AND g.next_on <= g.day + %(threshold_days)s::int
    UNION ALL
    SELECT d.day + %(threshold_days)s::int, 0, d.buyers
    FROM analytics_dailymetric AS d
    WHERE d.tenant_id = %(tenant_id)s
      AND d.day BETWEEN %(first_day)s::date - %(threshold_days)s::int
          AND %(last_day)s::date - %(threshold_days)s::int
    UNION ALL
    SELECT g.day + %(threshold_days)s::int, 0, -g.people
    FROM analytics_buyergap AS g
    WHERE g.tenant_id = %(tenant_id)s
      AND g.day BETWEEN %(first_day)s::date - %(threshold_days)s::int
          AND %(last_day)s::date - %(threshold_days)s::int
      AND g.next_on <= g.day + %(threshold_days)s::int
) AS e
GROUP BY e.day
ORDER BY e.day
