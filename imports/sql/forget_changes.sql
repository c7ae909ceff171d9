-- Forget what people and their orders were before an import.
--
-- in:  tenant_id    bigint
--      profile_ids  bigint[]
DELETE FROM imports_importchange AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.profile_id = ANY(%(profile_ids)s::bigint[])
  AND c.before IS NOT NULL
