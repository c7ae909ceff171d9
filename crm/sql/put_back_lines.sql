-- Purpose: let the lines of orders be what they were; lines that are there already stay.
-- In: lines (JSON array of rows as snapshot_orders gives them). Out: nothing.
INSERT INTO crm_orderline (
    tenant_id, order_id, line_key, position, product_id, variant_id, sku, title, category,
    quantity, unit_price_minor, discount_minor, total_minor
)
SELECT
    %(tenant_id)s, n.order_id, n.line_key, n.position, n.product_id, n.variant_id, n.sku, n.title,
    n.category, n.quantity, n.unit_price_minor, n.discount_minor, n.total_minor
FROM jsonb_populate_recordset(NULL::crm_orderline, %(lines)s::jsonb) AS n
ON CONFLICT (tenant_id, order_id, line_key) DO NOTHING
