-- Purpose: the last entry or exit of one profile in each segment.
-- In: tenant_id; profile_id.
-- Out: segment_id, entered, at, cause, event_name; one row per segment it ever moved in.
SELECT DISTINCT ON (c.segment_id)
    c.segment_id,
    c.entered,
    c.at,
    c.cause,
    c.event_name
FROM segments_membershipchange AS c
WHERE c.tenant_id = %(tenant_id)s AND c.profile_id = %(profile_id)s
ORDER BY c.segment_id, c.at DESC, c.id DESC
