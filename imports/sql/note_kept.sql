-- Note why an undo left things as they are.
--
-- in:  tenant_id, source_id  bigint
--      kind                  text
--      object_ids            bigint[]
--      reasons               text[]
UPDATE imports_importchange AS c
SET kept = v.reason
FROM unnest(%(object_ids)s::bigint[], %(reasons)s::text[]) AS v (object_id, reason)
WHERE c.tenant_id = %(tenant_id)s
  AND c.source_id = %(source_id)s
  AND c.kind = %(kind)s
  AND c.object_id = v.object_id
