-- Purpose: rows for products that only order lines know, until a catalogue fills them.
-- In: store_id; external_id, title, category (arrays of equal length); now.
-- Out: id, external_id, title, category.
INSERT INTO crm_product (
    tenant_id, store_id, external_id, title, category, created_at, updated_at
)
SELECT
    %(tenant_id)s, %(store_id)s, n.external_id, n.title, n.category, %(now)s, %(now)s
FROM unnest(%(external_id)s::text[], %(title)s::text[], %(category)s::text[])
    AS n (external_id, title, category)
ON CONFLICT (tenant_id, store_id, external_id) DO NOTHING
RETURNING id, external_id, title, category
