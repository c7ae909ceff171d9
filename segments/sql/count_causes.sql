-- Purpose: what the newest entries and exits of a segment came from.
-- In: tenant_id; segment_id; most, moves that are looked at, more where many moved at once; since.
-- Out: entered, cause, event_name, people; the most frequent first.
WITH found AS (
    (
        SELECT c.id, c.entered, c.cause, c.event_name, c.at, 1 AS people
        FROM segments_membershipchange AS c
        WHERE c.tenant_id = %(tenant_id)s AND c.segment_id = %(segment_id)s
        ORDER BY c.id DESC
        LIMIT %(most)s
    )
    UNION ALL
    (
        SELECT m.id, m.entered, m.cause, '' AS event_name, m.at, m.people
        FROM segments_membershipmove AS m
        WHERE m.tenant_id = %(tenant_id)s AND m.segment_id = %(segment_id)s
        ORDER BY m.id DESC
        LIMIT %(most)s
    )
),

newest AS (
    SELECT f.*, sum(f.people) OVER (ORDER BY f.id DESC) - f.people AS later
    FROM found AS f
)

SELECT n.entered, n.cause, n.event_name, sum(n.people)::int AS people
FROM newest AS n
WHERE n.later < %(most)s AND n.at >= %(since)s
GROUP BY n.entered, n.cause, n.event_name
ORDER BY sum(n.people) DESC, n.cause, n.event_name
