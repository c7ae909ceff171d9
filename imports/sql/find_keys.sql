-- Find the first row about each of some things.
--
-- in:  tenant_id, source_id  bigint
--      keys                  uuid[]
-- out: key text, place bigint
SELECT k.key::text AS key, k.place
FROM imports_importkey AS k
WHERE k.tenant_id = %(tenant_id)s
  AND k.source_id = %(source_id)s
  AND k.key = ANY(%(keys)s::uuid[])
