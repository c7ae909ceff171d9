-- Delete some of what tells which rows of an import are about the same.
--
-- in:  tenant_id, source_id  bigint
--      count                 integer  at most
DELETE FROM imports_importkey AS k
USING (
    SELECT o.key
    FROM imports_importkey AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.source_id = %(source_id)s
    ORDER BY o.key
    LIMIT %(count)s
) AS n
WHERE k.tenant_id = %(tenant_id)s
  AND k.source_id = %(source_id)s
  AND k.key = n.key
