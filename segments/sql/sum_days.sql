-- Purpose: movement of every segment by day, from every entry and exit.
-- In: tenant_id; zone, IANA name that says what a day is.
-- Out: nothing.
-- Why: after another zone only; the caller holds the row of upkeep and has cleared the days.
INSERT INTO segments_membershipday (tenant_id, segment_id, "on", entered, left_count)
SELECT
    %(tenant_id)s,
    n.segment_id,
    (n.at AT TIME ZONE %(zone)s)::date AS day,
    COALESCE(sum(n.people) FILTER (WHERE n.entered), 0),
    COALESCE(sum(n.people) FILTER (WHERE NOT n.entered), 0)
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
ON CONFLICT (tenant_id, segment_id, "on") DO NOTHING
