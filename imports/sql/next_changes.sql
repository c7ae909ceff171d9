-- The next things of a kind that an import changed.
--
-- in:  tenant_id, source_id, after  bigint
--      kind                         text
--      count                        integer  at most
-- out: object_id, profile_id, before, after (JSON text)
SELECT c.object_id, c.profile_id, c.before::text AS before, c.after::text AS after
FROM imports_importchange AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.source_id = %(source_id)s
  AND c.kind = %(kind)s
  AND c.object_id > %(after)s
ORDER BY c.object_id
LIMIT %(count)s
