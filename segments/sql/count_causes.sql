-- Purpose: what the newest entries and exits of a segment came from.
-- In: tenant_id; segment_id; most, moves that are looked at; since.
-- Out: entered, cause, event_name, people; the most frequent first.
SELECT n.entered, n.cause, n.event_name, count(*)::int AS people
FROM (
    SELECT c.entered, c.cause, c.event_name, c.at
    FROM segments_membershipchange AS c
    WHERE c.tenant_id = %(tenant_id)s AND c.segment_id = %(segment_id)s
    ORDER BY c.id DESC
    LIMIT %(most)s
) AS n
WHERE n.at >= %(since)s
GROUP BY n.entered, n.cause, n.event_name
ORDER BY count(*) DESC, n.cause, n.event_name
