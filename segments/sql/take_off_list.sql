-- Purpose: take people off a list.
-- In: tenant_id; segment_id; profile_ids.
-- Out: profile_id of those who were on it.
DELETE FROM segments_listentry AS e
WHERE e.tenant_id = %(tenant_id)s
  AND e.segment_id = %(segment_id)s
  AND e.profile_id = ANY(%(profile_ids)s::bigint[])
RETURNING e.profile_id
