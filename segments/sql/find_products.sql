-- Purpose: products of the range to choose from while a segment is built, the newest first.
-- In: pattern (of ILIKE, for the title), count (most products), newest (how many are looked through
--   first), is_word (boolean: three letters or more, for which the index of titles answers).
-- Out: id, title, category.
-- Why: a word that many titles hold is found among the newest; one that few hold by its letters. By
--   the order alone a rare word would read the whole range.
WITH newest AS MATERIALIZED (
    SELECT p.id, p.title, p.category, p.created_at, p.deleted_at
    FROM crm_product AS p
    WHERE p.tenant_id = %(tenant_id)s
    ORDER BY p.created_at DESC, p.id DESC
    LIMIT %(newest)s
),
fitting AS MATERIALIZED (
    SELECT n.id, n.title, n.category, n.created_at
    FROM newest AS n
    WHERE n.title ILIKE %(pattern)s AND n.title <> '' AND n.deleted_at IS NULL
    ORDER BY n.created_at DESC, n.id DESC
    LIMIT %(count)s
),
older AS MATERIALIZED (
    SELECT p.id, p.title, p.category, p.created_at
    FROM crm_product AS p
    WHERE %(is_word)s
      AND (SELECT count(*) FROM fitting) < %(count)s
      AND p.tenant_id = %(tenant_id)s
      AND p.title ILIKE %(pattern)s
      AND p.deleted_at IS NULL
)
SELECT f.id, f.title, f.category
FROM (
    SELECT id, title, category, created_at FROM fitting
    UNION
    SELECT id, title, category, created_at FROM older
) AS f
ORDER BY f.created_at DESC, f.id DESC
LIMIT %(count)s
