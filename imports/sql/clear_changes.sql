-- Delete the next changes of an import.
--
-- in:  tenant_id, source_id  bigint
--      count                 integer  at most
DELETE FROM imports_importchange AS c
USING (
    SELECT o.kind, o.object_id
    FROM imports_importchange AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.source_id = %(source_id)s
    ORDER BY o.kind, o.object_id
    LIMIT %(count)s
) AS n
WHERE c.tenant_id = %(tenant_id)s
  AND c.source_id = %(source_id)s
  AND c.kind = n.kind
  AND c.object_id = n.object_id
