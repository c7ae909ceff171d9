-- Purpose: how many people bought in each of some periods.
-- In: first_days, last_days (arrays of equal length, both ends included).
-- Out: first_day, buyers; one row per period.
-- Why: everybody is counted on each day with an order, and taken off again for each day that is
--   followed by another one inside the period; what is left is each person once. Day by day, so
--   that only the pairs inside the period are read.
SELECT
    p.first_day,
    COALESCE(sum(d.buyers - g.people), 0)::bigint AS buyers
FROM unnest(%(first_days)s::date[], %(last_days)s::date[]) AS p (first_day, last_day)
LEFT JOIN analytics_dailymetric AS d
    ON d.tenant_id = %(tenant_id)s
    AND d.day BETWEEN p.first_day AND p.last_day
    AND d.buyers > 0
LEFT JOIN LATERAL (
    SELECT COALESCE(sum(b.people), 0) AS people
    FROM analytics_buyergap AS b
    WHERE b.tenant_id = %(tenant_id)s AND b.day = d.day AND b.next_on <= p.last_day
) AS g ON true
GROUP BY p.first_day
ORDER BY p.first_day
