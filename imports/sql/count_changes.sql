-- How many things an import created and changed.
--
-- in:  tenant_id, source_id  bigint
-- out: kind text, is_new boolean, things bigint
SELECT c.kind, c.before IS NULL AS is_new, count(*) AS things
FROM imports_importchange AS c
WHERE c.tenant_id = %(tenant_id)s AND c.source_id = %(source_id)s
GROUP BY 1, 2
ORDER BY 1, 2
