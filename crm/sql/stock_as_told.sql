-- Purpose: what is left of variants by what their store told last, beside what is kept.
-- In: `levels`, which the statement around it makes: store_id, item_external_id, total, told_at,
--     is_tracked. Conditions on `v` may follow.
-- Out: id, product_id, inventory_quantity, is_tracked, stock_at; right_quantity, right_tracked,
--      right_at.
-- Why: `refresh_stock` keeps it and `check_stock` looks whether it was kept.
SELECT
    v.id, v.product_id, v.inventory_quantity, v.is_tracked, v.stock_at,
    COALESCE(l.is_tracked, v.told_tracked) AS right_tracked,
    CASE
        WHEN l.total IS NOT NULL
            AND (v.told_quantity IS NULL OR v.told_at IS NULL OR l.told_at > v.told_at)
        THEN l.total
        ELSE v.told_quantity
    END AS right_quantity,
    GREATEST(l.told_at, v.told_at) AS right_at
FROM crm_variant AS v
LEFT JOIN levels AS l ON l.store_id = v.store_id AND l.item_external_id = v.inventory_item
WHERE v.tenant_id = %(tenant_id)s
