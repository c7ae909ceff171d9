-- Purpose: recompute what is left of variants from totals and levels by place.
-- In: store_id; ids of variants; items of theirs.
-- Out: the variants whose stock changed, with what was left before and what is left now.
-- Why: the newest word wins. The levels of the places that are known add up to the total where one
--   of them is newer than the total itself. `stock_as_told` says how.
WITH levels AS (
    SELECT
        l.store_id, l.item_external_id,
        sum(l.available) FILTER (WHERE l.location_external_id <> '') AS total,
        max(l.source_version_at) FILTER (WHERE l.location_external_id <> '') AS told_at,
        bool_and(l.is_tracked) FILTER (WHERE l.location_external_id = '') AS is_tracked
    FROM crm_stocklevel AS l
    WHERE l.tenant_id = %(tenant_id)s
      AND l.store_id = %(store_id)s
      AND (l.item_external_id = ANY(%(items)s::text[]) OR l.item_external_id IN (
        SELECT w.inventory_item
        FROM crm_variant AS w
        WHERE w.tenant_id = %(tenant_id)s AND w.id = ANY(%(ids)s::bigint[])
      ))
    GROUP BY l.store_id, l.item_external_id
),
computed AS (
    {crm.stock_as_told}
      AND v.store_id = %(store_id)s
      AND (v.id = ANY(%(ids)s::bigint[]) OR (
        v.inventory_item <> '' AND v.inventory_item = ANY(%(items)s::text[])
      ))
)
UPDATE crm_variant AS v
SET inventory_quantity = c.right_quantity,
    is_tracked = c.right_tracked,
    stock_at = c.right_at,
    updated_at = %(now)s
FROM computed AS c
WHERE v.tenant_id = %(tenant_id)s
  AND v.id = c.id
  AND (c.inventory_quantity, c.is_tracked, c.stock_at)
      IS DISTINCT FROM (c.right_quantity::integer, c.right_tracked, c.right_at)
RETURNING
    v.id, v.product_id, v.external_id, v.sku, c.inventory_quantity AS quantity_before,
    v.inventory_quantity AS quantity,
    (c.inventory_quantity, c.is_tracked)
        IS DISTINCT FROM (c.right_quantity::integer, c.right_tracked) AS is_changed
