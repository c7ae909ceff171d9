-- Delete some of what tells which rows of an import are about the same.
--
-- in:  tenant_id, source_id  bigint
--      count                 integer  at most
--
-- Up to the last of the next keys: by stale statistics a join with them took the square of them.
DELETE FROM imports_importkey AS k
WHERE k.tenant_id = %(tenant_id)s
  AND k.source_id = %(source_id)s
  AND k.key <= (
    SELECT n.key
    FROM (
        SELECT o.key
        FROM imports_importkey AS o
        WHERE o.tenant_id = %(tenant_id)s AND o.source_id = %(source_id)s
        ORDER BY o.key
        LIMIT %(count)s
    ) AS n
    ORDER BY n.key DESC
    LIMIT 1
  )
