-- Purpose: remove the scores of profiles that were merged into others or erased.
-- In: tenant_id; profile_ids.
-- Out: nothing. Scores of profiles that live stay.
DELETE FROM segments_rfmscore AS s
USING crm_profile AS p
WHERE s.tenant_id = %(tenant_id)s
  AND p.tenant_id = %(tenant_id)s
  AND p.id = s.profile_id
  AND s.profile_id = ANY(%(profile_ids)s::bigint[])
  AND (p.merged_into_id IS NOT NULL OR p.erased_at IS NOT NULL)
