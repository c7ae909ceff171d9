-- Purpose: who bought a product, newest order first, a page at a time.
-- In: product_id; before, the order above which all are done, NULL for the first page; count.
-- Out: order_id, profile_id (may be NULL); one row per line.
SELECT l.order_id, o.profile_id
FROM crm_orderline AS l
JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = l.order_id
WHERE l.tenant_id = %(tenant_id)s
  AND l.product_id = %(product_id)s
  AND (%(before)s::bigint IS NULL OR l.order_id < %(before)s)
ORDER BY l.order_id DESC
LIMIT %(count)s
