-- Why rows were not taken: how many by reason without the value, and the first three of each.
--
-- in:  tenant_id, source_id  bigint
--      count                 integer  reasons at most
-- out: outcome, problem text, rows bigint, places bigint[]
--
-- The words between quotes are the row's own, and so are numbers but those that say how to write;
-- what is left is the problem.
SELECT
    r.outcome,
    regexp_replace(
        r.reason,
        '“[^”]*”|''[^'']*''|(?<!write |[0-9.,])[0-9]+([.,][0-9]+)*', '…', 'g'
    ) AS problem,
    count(*) AS rows,
    (array_agg(r.place ORDER BY r.place))[1:3] AS places
FROM imports_importrow AS r
WHERE r.tenant_id = %(tenant_id)s AND r.source_id = %(source_id)s AND r.outcome <> ''
GROUP BY 1, 2
ORDER BY 3 DESC, 2
LIMIT %(count)s
