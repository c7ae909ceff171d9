-- The rows of the next documents, by the place of their first row.
--
-- in:  tenant_id, source_id, after  bigint
--      documents                    integer  how many
--      with_rest                    boolean  also the later rows of each
-- out: place, first bigint, cells text (JSON)
WITH next AS MATERIALIZED (
    SELECT r.place AS first
    FROM imports_importrow AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND r.source_id = %(source_id)s
      AND r.first > %(after)s
      AND r.place = r.first
    ORDER BY r.first
    LIMIT %(documents)s
)
SELECT r.place, r.first, r.cells::text AS cells
FROM imports_importrow AS r
JOIN next AS n ON n.first = r.first
WHERE r.tenant_id = %(tenant_id)s
  AND r.source_id = %(source_id)s
  AND (%(with_rest)s OR r.place = r.first)
ORDER BY r.first, r.place
