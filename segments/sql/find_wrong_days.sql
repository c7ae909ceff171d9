-- Purpose: days on which the stored movement of a segment is not what its entries and exits are.
-- In: tenant_id; zone, IANA name that says what a day is.
-- Out: segment_id, day, stored_entered, stored_left, entered, left_count.
WITH counted AS (
    SELECT
        n.segment_id,
        (n.at AT TIME ZONE %(zone)s)::date AS day,
        COALESCE(sum(n.people) FILTER (WHERE n.entered), 0)::int AS entered,
        COALESCE(sum(n.people) FILTER (WHERE NOT n.entered), 0)::int AS left_count
    FROM (
        SELECT c.segment_id, c.at, c.entered, 1 AS people
        FROM segments_membershipchange AS c
        WHERE c.tenant_id = %(tenant_id)s
        UNION ALL
        SELECT b.segment_id, b.at, b.entered, b.people
        FROM segments_membershipmove AS b
        WHERE b.tenant_id = %(tenant_id)s
    ) AS n
    GROUP BY n.segment_id, day
),

stored AS (
    SELECT d.segment_id, d."on" AS day, d.entered, d.left_count
    FROM segments_membershipday AS d
    WHERE d.tenant_id = %(tenant_id)s
)

SELECT
    COALESCE(c.segment_id, s.segment_id) AS segment_id,
    COALESCE(c.day, s.day) AS day,
    COALESCE(s.entered, 0) AS stored_entered,
    COALESCE(s.left_count, 0) AS stored_left,
    COALESCE(c.entered, 0) AS entered,
    COALESCE(c.left_count, 0) AS left_count
FROM counted AS c
FULL JOIN stored AS s ON s.segment_id = c.segment_id AND s.day = c.day
WHERE (COALESCE(s.entered, 0), COALESCE(s.left_count, 0))
   <> (COALESCE(c.entered, 0), COALESCE(c.left_count, 0))
ORDER BY 1, 2
