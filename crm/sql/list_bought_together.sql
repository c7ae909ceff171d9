-- Purpose: list what else stands in the newest orders of a product, most frequent first.
-- In: product_id, lines (newest lines of the product that are looked at), count.
-- Out: product_id, title, orders (that have both), of_orders (looked at).
WITH newest AS (
    SELECT DISTINCT n.order_id
    FROM (
        SELECT l.order_id
        FROM crm_orderline AS l
        WHERE l.tenant_id = %(tenant_id)s AND l.product_id = %(product_id)s
        ORDER BY l.order_id DESC
        LIMIT %(lines)s
    ) AS n
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = n.order_id
    WHERE o.is_counted
)
SELECT
    p.id AS product_id, p.title, count(DISTINCT l.order_id) AS orders,
    (SELECT count(*) FROM newest) AS of_orders
FROM newest AS n
JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.order_id = n.order_id
JOIN crm_product AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id
WHERE l.product_id <> %(product_id)s
GROUP BY p.id, p.title
ORDER BY count(DISTINCT l.order_id) DESC, p.id
LIMIT %(count)s
