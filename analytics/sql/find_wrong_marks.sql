-- Purpose: documents whose mark is not what they add.
-- In: fresh (a statement ..._to_mark with what it binds), marks (the same columns as stored); count.
-- Out: kind (missing or stored), and the columns; at most count rows of either kind.
WITH fresh AS (
    {fresh}
),
stored AS (
    {marks}
)
(
    SELECT 'missing' AS kind, a.* FROM (TABLE fresh EXCEPT TABLE stored) AS a LIMIT %(count)s
)
UNION ALL
(
    SELECT 'stored' AS kind, b.* FROM (TABLE stored EXCEPT TABLE fresh) AS b LIMIT %(count)s
)
