-- Purpose: bring the marks of profiles up to date, and the sums with them by the difference.
-- In: as profiles_to_mark.
-- Out: nothing.
WITH fresh AS (
    {analytics.profiles_to_mark}
),
stale AS (
    SELECT m.profile_id, m.day
    FROM analytics_profilemark AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = ANY(%(persons)s::bigint[])
),
added AS (TABLE fresh EXCEPT TABLE stale),
changes AS (
    SELECT 1 AS sign, a.* FROM added AS a
    UNION ALL
    SELECT -1 AS sign, t.* FROM (TABLE stale EXCEPT TABLE fresh) AS t
),
dropped AS (
    DELETE FROM analytics_profilemark AS m
    USING changes AS c
    WHERE m.tenant_id = %(tenant_id)s
      AND m.profile_id = c.profile_id
      AND c.sign = -1
      AND NOT EXISTS (SELECT 1 FROM added AS a WHERE a.profile_id = c.profile_id)
),
kept AS (
    INSERT INTO analytics_profilemark (tenant_id, profile_id, day)
    SELECT %(tenant_id)s, a.profile_id, a.day
    FROM added AS a
    ON CONFLICT (tenant_id, profile_id) DO UPDATE SET day = EXCLUDED.day
)
INSERT INTO analytics_dailymetric AS d (tenant_id, day, profiles)
SELECT %(tenant_id)s, c.day, sum(c.sign)
FROM changes AS c
GROUP BY c.day
HAVING sum(c.sign) <> 0
ON CONFLICT (tenant_id, day) DO UPDATE SET profiles = d.profiles + EXCLUDED.profiles
