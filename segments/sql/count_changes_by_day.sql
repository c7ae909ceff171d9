-- Purpose: by how many profiles a segment grew or shrank each day.
-- In: tenant_id; segment_id; since; zone, IANA name that says what a day is.
-- Out: day, delta.
SELECT
    (c.at AT TIME ZONE %(zone)s)::date AS day,
    sum(CASE WHEN c.entered THEN 1 ELSE -1 END)::int AS delta
FROM segments_membershipchange AS c
WHERE c.tenant_id = %(tenant_id)s AND c.segment_id = %(segment_id)s AND c.at >= %(since)s
GROUP BY 1
