-- Purpose: how many pieces of products of which is known how long they last orders hold.
-- In: order_ids, product_ids (null: all).
-- Out: order_id, product_id, ordered_at, quantity; taken in by other statements.
SELECT
    l.order_id, l.product_id, o.ordered_at,
    least(sum(l.quantity), 2147483647)::integer AS quantity
FROM crm_orderline AS l
JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = l.order_id
JOIN crm_product AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id
LEFT JOIN crm_refillcycle AS r ON r.tenant_id = %(tenant_id)s AND r.product_id = l.product_id
WHERE l.tenant_id = %(tenant_id)s
  AND (%(order_ids)s::bigint[] IS NULL OR l.order_id = ANY(%(order_ids)s::bigint[]))
  AND (%(product_ids)s::bigint[] IS NULL OR l.product_id = ANY(%(product_ids)s::bigint[]))
  AND (p.refill_days IS NOT NULL OR r.product_id IS NOT NULL)
  AND l.quantity > 0
  AND o.is_counted
GROUP BY l.order_id, l.product_id, o.ordered_at
