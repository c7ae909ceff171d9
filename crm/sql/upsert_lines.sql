-- Purpose: write the lines of orders; only those that differ.
-- In: columns of the lines as arrays of equal length. Out: nothing.
INSERT INTO crm_orderline AS l (
    tenant_id, order_id, line_key, position, product_id, variant_id, sku, title, category,
    quantity, unit_price_minor, discount_minor, total_minor
)
SELECT
    %(tenant_id)s, n.order_id, n.line_key, n.position, n.product_id, n.variant_id, n.sku, n.title,
    n.category, n.quantity, n.unit_price_minor, n.discount_minor, n.total_minor
FROM unnest(
    %(order_id)s::bigint[], %(line_key)s::text[], %(position)s::integer[],
    %(product_id)s::bigint[], %(variant_id)s::bigint[], %(sku)s::text[], %(title)s::text[],
    %(category)s::text[], %(quantity)s::integer[], %(unit_price_minor)s::bigint[],
    %(discount_minor)s::bigint[], %(total_minor)s::bigint[]
) AS n (
    order_id, line_key, position, product_id, variant_id, sku, title, category, quantity,
    unit_price_minor, discount_minor, total_minor
)
ON CONFLICT (tenant_id, order_id, line_key) DO UPDATE SET
    position = EXCLUDED.position,
    product_id = EXCLUDED.product_id,
    variant_id = EXCLUDED.variant_id,
    sku = EXCLUDED.sku,
    title = EXCLUDED.title,
    category = EXCLUDED.category,
    quantity = EXCLUDED.quantity,
    unit_price_minor = EXCLUDED.unit_price_minor,
    discount_minor = EXCLUDED.discount_minor,
    total_minor = EXCLUDED.total_minor
WHERE (
    l.position, l.product_id, l.variant_id, l.sku, l.title, l.category, l.quantity,
    l.unit_price_minor, l.discount_minor, l.total_minor
) IS DISTINCT FROM (
    EXCLUDED.position, EXCLUDED.product_id, EXCLUDED.variant_id, EXCLUDED.sku, EXCLUDED.title,
    EXCLUDED.category, EXCLUDED.quantity, EXCLUDED.unit_price_minor, EXCLUDED.discount_minor,
    EXCLUDED.total_minor
)
