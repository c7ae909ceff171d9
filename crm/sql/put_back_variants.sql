-- Purpose: let variants be what they were, but for what is left of them, which follows.
-- In: rows (JSON array of rows as snapshot_variants gives them); now.
-- Out: id, store_id, product_id, external_id, price_minor, compare_at_minor, currency; price,
--   compare-at price and currency before.
WITH told AS (
    SELECT * FROM jsonb_populate_recordset(NULL::crm_variant, %(rows)s::jsonb)
),
known AS (
    SELECT v.id, v.price_minor, v.compare_at_minor, v.currency
    FROM crm_variant AS v
    WHERE v.tenant_id = %(tenant_id)s AND v.id IN (SELECT n.id FROM told AS n)
)
UPDATE crm_variant AS v
SET product_id = n.product_id, sku = n.sku, title = n.title, price_minor = n.price_minor,
    compare_at_minor = n.compare_at_minor, currency = n.currency,
    inventory_policy = n.inventory_policy, inventory_item = n.inventory_item,
    told_quantity = n.told_quantity, told_tracked = n.told_tracked, told_at = n.told_at,
    back_on = n.back_on, updated_at = %(now)s
FROM told AS n
JOIN known AS k ON k.id = n.id
WHERE v.tenant_id = %(tenant_id)s AND v.id = n.id
RETURNING
    v.id, v.store_id, v.product_id, v.external_id, v.price_minor, v.compare_at_minor, v.currency,
    k.price_minor AS price_before, k.compare_at_minor AS compare_before,
    k.currency AS currency_before
