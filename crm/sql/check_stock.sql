-- Purpose: find stock of variants and products that differs from what their store told.
-- In: nothing. Out: external_id, what ('variant' or 'product'), stored and recomputed as text.
--   Variants of which no stock was ever told are left out.
WITH levels AS (
    SELECT
        l.store_id, l.item_external_id,
        sum(l.available) FILTER (WHERE l.location_external_id <> '') AS total,
        max(l.source_version_at) FILTER (WHERE l.location_external_id <> '') AS told_at,
        bool_and(l.is_tracked) FILTER (WHERE l.location_external_id = '') AS is_tracked
    FROM crm_stocklevel AS l
    WHERE l.tenant_id = %(tenant_id)s
    GROUP BY l.store_id, l.item_external_id
),
computed AS (
    {crm.stock_as_told}
      AND (v.told_at IS NOT NULL OR l.told_at IS NOT NULL)
),
states AS (
    SELECT
        v.product_id,
        CASE
            WHEN bool_or(v.is_tracked IS FALSE) OR max(v.inventory_quantity) > 0 THEN 'in'
            WHEN bool_or(v.inventory_quantity IS NULL) THEN ''
            WHEN bool_or(v.inventory_policy = 'continue') THEN 'backorder'
            ELSE 'out'
        END AS stock_state
    FROM crm_variant AS v
    WHERE v.tenant_id = %(tenant_id)s
    GROUP BY v.product_id
    HAVING bool_or(v.stock_at IS NOT NULL)
)
SELECT v.external_id, 'variant' AS what,
    ROW(c.inventory_quantity, c.is_tracked, c.stock_at)::text AS stored,
    ROW(c.right_quantity, c.right_tracked, c.right_at)::text AS recomputed
FROM computed AS c
JOIN crm_variant AS v ON v.tenant_id = %(tenant_id)s AND v.id = c.id
WHERE (c.inventory_quantity, c.is_tracked, c.stock_at)
    IS DISTINCT FROM (c.right_quantity::integer, c.right_tracked, c.right_at)
UNION ALL
SELECT p.external_id, 'product', p.stock_state, s.stock_state
FROM states AS s
JOIN crm_product AS p ON p.tenant_id = %(tenant_id)s AND p.id = s.product_id
WHERE p.stock_state <> s.stock_state
ORDER BY 2, 1
