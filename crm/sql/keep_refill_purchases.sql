-- Purpose: keep what orders hold of products of which is known how long they last.
-- In: order_ids, product_ids (null: all); what is kept of them is made equal to what they hold.
-- Out: nothing.
WITH bought AS (
    {crm.purchases_of_refills}
),
gone AS (
    DELETE FROM crm_refillpurchase AS k
    WHERE k.tenant_id = %(tenant_id)s
      AND (%(order_ids)s::bigint[] IS NULL OR k.order_id = ANY(%(order_ids)s::bigint[]))
      AND (%(product_ids)s::bigint[] IS NULL OR k.product_id = ANY(%(product_ids)s::bigint[]))
      AND NOT EXISTS (
        SELECT 1 FROM bought AS b WHERE b.order_id = k.order_id AND b.product_id = k.product_id
      )
)
INSERT INTO crm_refillpurchase AS k (tenant_id, order_id, product_id, ordered_at, quantity)
SELECT %(tenant_id)s, b.order_id, b.product_id, b.ordered_at, b.quantity
FROM bought AS b
ORDER BY b.order_id, b.product_id
ON CONFLICT (tenant_id, order_id, product_id) DO UPDATE SET
    ordered_at = EXCLUDED.ordered_at,
    quantity = EXCLUDED.quantity
WHERE (k.ordered_at, k.quantity) IS DISTINCT FROM (EXCLUDED.ordered_at, EXCLUDED.quantity)
