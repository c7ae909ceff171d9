-- Purpose: every strong identifier of some profiles.
-- In: ids (of profiles). Out: profile_id, kind, value_norm, store_id.
SELECT i.profile_id, i.kind, i.value_norm, i.store_id
FROM crm_identity AS i
WHERE i.tenant_id = %(tenant_id)s
  AND i.profile_id = ANY(%(ids)s::bigint[])
  AND i.kind IN ('customer_id', 'email', 'phone')
ORDER BY i.profile_id, i.id
