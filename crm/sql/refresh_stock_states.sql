-- Purpose: say of products whether they can be bought as far as the stock of their variants goes.
-- In: ids of products. Out: nothing.
UPDATE crm_product AS p
SET stock_state = s.stock_state
FROM (
    SELECT
        v.product_id,
        CASE
            WHEN bool_or(v.is_tracked IS FALSE) OR max(v.inventory_quantity) > 0 THEN 'in'
            WHEN bool_or(v.inventory_quantity IS NULL) THEN ''
            WHEN bool_or(v.inventory_policy = 'continue') THEN 'backorder'
            ELSE 'out'
        END AS stock_state
    FROM crm_variant AS v
    WHERE v.tenant_id = %(tenant_id)s AND v.product_id = ANY(%(ids)s::bigint[])
    GROUP BY v.product_id
) AS s
WHERE p.tenant_id = %(tenant_id)s
  AND p.id = s.product_id
  AND p.stock_state <> s.stock_state
