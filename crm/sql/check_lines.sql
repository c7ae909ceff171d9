-- Purpose: find orders whose own lines contradict whether they count.
-- In: nothing. Out: id, external_id.
SELECT o.id, o.external_id
FROM crm_order AS o
LEFT JOIN (
    SELECT l.order_id, bool_or(l.quantity > 0) AS is_bought
    FROM crm_orderline AS l
    WHERE l.tenant_id = %(tenant_id)s
    GROUP BY l.order_id
) AS b ON b.order_id = o.id
WHERE o.tenant_id = %(tenant_id)s
  AND (
    o.has_bought_line <> COALESCE(b.is_bought, false)
    OR (o.is_counted AND (o.is_test OR o.cancelled_at IS NOT NULL OR NOT o.has_bought_line))
  )
ORDER BY o.id
