-- Purpose: the entries and exits of a profile that some events caused, newest first.
-- In: tenant_id; profile_id; event_ids; count.
-- Out: segment_id, segment, its name; entered, at, event_name.
SELECT c.segment_id, s.name AS segment, c.entered, c.at, c.event_name
FROM segments_membershipchange AS c
JOIN segments_segment AS s ON s.tenant_id = %(tenant_id)s AND s.id = c.segment_id
WHERE c.tenant_id = %(tenant_id)s AND c.profile_id = %(profile_id)s
  AND c.event_id = ANY(%(event_ids)s::bigint[])
ORDER BY c.at DESC, c.id DESC
LIMIT %(count)s
