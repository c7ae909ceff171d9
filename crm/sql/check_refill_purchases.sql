-- Purpose: find purchases of what runs out that are not kept as their orders hold them.
-- In: order_ids, product_ids (null: all).
-- Out: order_id, product_id, stored, recomputed (when and how many; null where there is nothing).
WITH bought AS (
    {crm.purchases_of_refills}
),
kept AS (
    SELECT k.order_id, k.product_id, k.ordered_at, k.quantity
    FROM crm_refillpurchase AS k
    WHERE k.tenant_id = %(tenant_id)s
)
SELECT
    order_id, product_id,
    row(k.ordered_at, k.quantity)::text AS stored,
    row(b.ordered_at, b.quantity)::text AS recomputed
FROM kept AS k
FULL JOIN bought AS b USING (order_id, product_id)
WHERE (k.ordered_at, k.quantity) IS DISTINCT FROM (b.ordered_at, b.quantity)
ORDER BY order_id, product_id
