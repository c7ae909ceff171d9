-- Purpose: movement of every segment by day, from every entry and exit.
-- In: tenant_id; zone, IANA name that says what a day is.
-- Out: nothing.
-- Why: after another zone only; the caller holds the row of upkeep and has cleared the days.
INSERT INTO segments_membershipday (tenant_id, segment_id, "on", entered, left_count)
SELECT
    %(tenant_id)s,
    c.segment_id,
    (c.at AT TIME ZONE %(zone)s)::date AS day,
    count(*) FILTER (WHERE c.entered),
    count(*) FILTER (WHERE NOT c.entered)
FROM segments_membershipchange AS c
WHERE c.tenant_id = %(tenant_id)s
GROUP BY c.segment_id, day
ON CONFLICT (tenant_id, segment_id, "on") DO NOTHING
