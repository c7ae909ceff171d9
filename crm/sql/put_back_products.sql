-- Purpose: let products be what they were.
-- In: rows (JSON array of rows as snapshot_products gives them); now. Out: nothing.
UPDATE crm_product AS p
SET title = n.title, category = n.category, brand = n.brand, handle = n.handle, url = n.url,
    image_url = n.image_url, status = n.status, tags = n.tags, published_at = n.published_at,
    deleted_at = n.deleted_at, source_version_at = n.source_version_at, updated_at = %(now)s
FROM jsonb_populate_recordset(NULL::crm_product, %(rows)s::jsonb) AS n
WHERE p.tenant_id = %(tenant_id)s AND p.id = n.id
