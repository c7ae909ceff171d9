-- Purpose: the segments that some profiles are in.
-- In: tenant_id; profile_ids.
-- Out: profile_id, segment_ids ascending.
SELECT m.profile_id, m.segment_ids
FROM segments_membership AS m
WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = ANY(%(profile_ids)s::bigint[])
