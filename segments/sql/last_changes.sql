-- Purpose: the last entry or exit of one profile in each segment.
-- In: tenant_id; profile_id.
-- Out: segment_id, entered, at, cause, event_name; one row per segment it ever moved in.
SELECT DISTINCT ON (n.segment_id)
    n.segment_id,
    n.entered,
    n.at,
    n.cause,
    n.event_name
FROM (
    SELECT c.segment_id, c.entered, c.at, c.id, c.cause, c.event_name
    FROM segments_membershipchange AS c
    WHERE c.tenant_id = %(tenant_id)s AND c.profile_id = %(profile_id)s
    UNION ALL
    SELECT m.segment_id, m.entered, m.at, m.id, m.cause, '' AS event_name
    FROM segments_membershipmove AS m
    WHERE m.tenant_id = %(tenant_id)s
      AND m.part = %(profile_id)s::bigint >> 13
      AND %(profile_id)s = ANY(m.profile_ids)
) AS n
ORDER BY n.segment_id, n.at DESC, n.id DESC
