-- Purpose: products of the range to choose from while a segment is built, the newest first.
-- In: pattern (of ILIKE, for the title), count (most products). Out: id, title, category.
SELECT p.id, p.title, p.category
FROM crm_product AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.title ILIKE %(pattern)s
  AND p.title <> ''
  AND p.deleted_at IS NULL
ORDER BY p.created_at DESC, p.id DESC
LIMIT %(count)s
