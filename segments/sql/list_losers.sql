-- Purpose: profiles that were merged into others.
-- In: tenant_id; winners, ids.
-- Out: id, winner_id.
SELECT p.id, p.merged_into_id AS winner_id
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.merged_into_id = ANY(%(winners)s::bigint[])
