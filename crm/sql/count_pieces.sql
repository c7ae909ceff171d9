-- Purpose: count the pieces of orders.
-- In: ids (of orders). Out: order_id, pieces.
SELECT l.order_id, sum(l.quantity) AS pieces
FROM crm_orderline AS l
WHERE l.tenant_id = %(tenant_id)s AND l.order_id = ANY(%(ids)s::bigint[])
GROUP BY l.order_id
