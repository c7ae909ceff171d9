-- Purpose: find facts of profiles that were merged or erased; only live people have any, and lists
--   are counted by them.
-- In: nothing. Out: profile_id.
SELECT f.profile_id
FROM crm_profilefacts AS f
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = f.profile_id
WHERE f.tenant_id = %(tenant_id)s
  AND (p.merged_into_id IS NOT NULL OR p.erased_at IS NOT NULL)
ORDER BY f.profile_id
