-- Purpose: be the only one who recomputes these profiles until the commit.
-- In: ids. Out: the final ids (winners in place of merged ones), ascending, maybe repeated.
-- Why: a figure computed from an older snapshot must not overwrite one from a newer.
SELECT COALESCE(p.merged_into_id, p.id) AS id
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
ORDER BY p.id
FOR NO KEY UPDATE
