-- Purpose: days on which not so many buyers ordered last as is stored.
-- In: tenant_id.
-- Out: day, stored, counted.
WITH counted AS (
    SELECT r.last_order_on AS day, count(*)::int AS people
    FROM segments_rfmscore AS r
    WHERE r.tenant_id = %(tenant_id)s
    GROUP BY r.last_order_on
),

stored AS (
    SELECT d.last_order_on AS day, d.profile_count AS people
    FROM segments_rfmday AS d
    WHERE d.tenant_id = %(tenant_id)s
)

SELECT day, COALESCE(s.people, 0) AS stored, COALESCE(c.people, 0) AS counted
FROM counted AS c
FULL JOIN stored AS s USING (day)
WHERE COALESCE(s.people, 0) <> COALESCE(c.people, 0)
ORDER BY day
