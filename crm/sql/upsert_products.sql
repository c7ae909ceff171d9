-- Purpose: write products as a store's catalogue tells them.
-- In: store_id; columns of the products as arrays of equal length (tags as array text); now.
-- Out: id, external_id.
INSERT INTO crm_product AS p (
    tenant_id, store_id, external_id, title, category, brand, handle, url, image_url, status, tags,
    published_at, deleted_at, source_version_at, created_at, updated_at
)
SELECT
    %(tenant_id)s, %(store_id)s, n.external_id, n.title, n.category, n.brand, n.handle, n.url,
    n.image_url, n.status, n.tags::text[], n.published_at, n.deleted_at, n.version_at, %(now)s,
    %(now)s
FROM unnest(
    %(external_id)s::text[], %(title)s::text[], %(category)s::text[], %(brand)s::text[],
    %(handle)s::text[], %(url)s::text[], %(image_url)s::text[], %(status)s::text[],
    %(tags)s::text[], %(published_at)s::timestamptz[], %(deleted_at)s::timestamptz[],
    %(version_at)s::timestamptz[]
) AS n (
    external_id, title, category, brand, handle, url, image_url, status, tags, published_at,
    deleted_at, version_at
)
ON CONFLICT (tenant_id, store_id, external_id) DO UPDATE SET
    title = EXCLUDED.title,
    category = EXCLUDED.category,
    brand = EXCLUDED.brand,
    handle = EXCLUDED.handle,
    url = EXCLUDED.url,
    image_url = EXCLUDED.image_url,
    status = EXCLUDED.status,
    tags = EXCLUDED.tags,
    published_at = EXCLUDED.published_at,
    deleted_at = EXCLUDED.deleted_at,
    source_version_at = EXCLUDED.source_version_at,
    updated_at = EXCLUDED.updated_at
RETURNING id, external_id
