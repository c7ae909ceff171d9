-- Purpose: list who bought a product last, each once, newest first.
-- In: product_id, lines (newest lines of the product that are looked at), count.
-- Out: profile_id, orders and units (in those lines), ordered_at (of the last one).
SELECT
    o.profile_id, count(DISTINCT o.id) AS orders, sum(n.quantity) AS units,
    max(o.ordered_at) AS ordered_at
FROM (
    SELECT l.order_id, l.quantity
    FROM crm_orderline AS l
    WHERE l.tenant_id = %(tenant_id)s AND l.product_id = %(product_id)s
    ORDER BY l.order_id DESC
    LIMIT %(lines)s
) AS n
JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = n.order_id
WHERE o.profile_id IS NOT NULL AND o.is_counted
GROUP BY o.profile_id
ORDER BY max(o.ordered_at) DESC, o.profile_id DESC
LIMIT %(count)s
