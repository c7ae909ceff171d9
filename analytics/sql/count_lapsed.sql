-- Purpose: how many people had been without an order for a number of days, for the first time
--   since their last one, on some day of each of some periods.
-- In: first_days, last_days (arrays of equal length, both ends included), threshold_days.
-- Out: first_day, lapsed; one row per period.
-- Why: whoever ordered on a day and not again within the threshold lapses the threshold later.
SELECT
    p.first_day,
    COALESCE(sum(d.buyers - g.people), 0)::bigint AS lapsed
FROM unnest(%(first_days)s::date[], %(last_days)s::date[]) AS p (first_day, last_day)
LEFT JOIN analytics_dailymetric AS d
    ON d.tenant_id = %(tenant_id)s
    AND d.day BETWEEN p.first_day - %(threshold_days)s::int AND p.last_day - %(threshold_days)s::int
    AND d.buyers > 0
LEFT JOIN LATERAL (
    SELECT COALESCE(sum(b.people), 0) AS people
    FROM analytics_buyergap AS b
    WHERE b.tenant_id = %(tenant_id)s
      AND b.day = d.day
      AND b.next_on <= d.day + %(threshold_days)s::int
) AS g ON true
GROUP BY p.first_day
ORDER BY p.first_day
