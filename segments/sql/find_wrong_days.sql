-- Purpose: days on which the stored movement of a segment is not what its entries and exits are.
-- In: tenant_id; zone, IANA name that says what a day is.
-- Out: segment_id, day, stored_entered, stored_left, entered, left_count.
WITH counted AS (
    SELECT
        c.segment_id,
        (c.at AT TIME ZONE %(zone)s)::date AS day,
        count(*) FILTER (WHERE c.entered)::int AS entered,
        count(*) FILTER (WHERE NOT c.entered)::int AS left_count
    FROM segments_membershipchange AS c
    WHERE c.tenant_id = %(tenant_id)s
    GROUP BY c.segment_id, day
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
