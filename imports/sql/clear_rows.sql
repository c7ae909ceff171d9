-- Delete the next rows of an import.
--
-- in:  tenant_id, source_id  bigint
--      count                 integer  at most
DELETE FROM imports_importrow AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.source_id = %(source_id)s
  AND r.place <= (
    SELECT coalesce(min(o.place), 0) + %(count)s - 1
    FROM imports_importrow AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.source_id = %(source_id)s
  )
