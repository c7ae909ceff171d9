-- Delete the next changes of an import.
--
-- in:  tenant_id, source_id  bigint
--      count                 integer  at most
--
-- Up to the last of the next changes: by stale statistics a join with them took the square of them.
DELETE FROM imports_importchange AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.source_id = %(source_id)s
  AND (c.kind, c.object_id) <= (
    SELECT n.kind, n.object_id
    FROM (
        SELECT o.kind, o.object_id
        FROM imports_importchange AS o
        WHERE o.tenant_id = %(tenant_id)s AND o.source_id = %(source_id)s
        ORDER BY o.kind, o.object_id
        LIMIT %(count)s
    ) AS n
    ORDER BY n.kind DESC, n.object_id DESC
    LIMIT 1
  )
