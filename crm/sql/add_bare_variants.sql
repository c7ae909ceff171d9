-- Purpose: rows for variants that only order lines know.
-- In: store_id; external_id, product_id, sku (arrays of equal length); now.
-- Out: id, external_id.
INSERT INTO crm_variant (
    tenant_id, store_id, external_id, product_id, sku, created_at, updated_at
)
SELECT %(tenant_id)s, %(store_id)s, n.external_id, n.product_id, n.sku, %(now)s, %(now)s
FROM unnest(%(external_id)s::text[], %(product_id)s::bigint[], %(sku)s::text[])
    AS n (external_id, product_id, sku)
ON CONFLICT (tenant_id, store_id, external_id) DO NOTHING
RETURNING id, external_id
