-- Purpose: give lines that came before their product's catalogue entry its category.
-- In: ids (of products). Out: product_id and profile_id of the orders whose lines changed.
WITH filled AS (
    UPDATE crm_orderline AS l
    SET category = p.category
    FROM crm_product AS p
    WHERE l.tenant_id = %(tenant_id)s
      AND p.tenant_id = %(tenant_id)s
      AND p.id = l.product_id
      AND p.id = ANY(%(ids)s::bigint[])
      AND l.product_id = ANY(%(ids)s::bigint[])
      AND l.category = ''
      AND p.category <> ''
    RETURNING l.product_id, l.order_id
)
SELECT DISTINCT f.product_id, o.profile_id
FROM filled AS f
JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = f.order_id
WHERE o.profile_id IS NOT NULL
