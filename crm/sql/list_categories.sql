-- Purpose: list the categories of a tenant's newest products, by name.
-- In: newest (products looked at), count (most categories). Out: category.
SELECT DISTINCT n.category
FROM (
    SELECT p.category
    FROM crm_product AS p
    WHERE p.tenant_id = %(tenant_id)s
    ORDER BY p.created_at DESC, p.id DESC
    LIMIT %(newest)s
) AS n
WHERE n.category <> ''
ORDER BY n.category
LIMIT %(count)s
