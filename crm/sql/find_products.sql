-- Purpose: find products of a store by the store's ids.
-- In: store_id, external_ids. Out: id, external_id, title, category, source_version_at and the
--   rest of what a catalogue says.
SELECT
    p.id, p.external_id, p.title, p.category, p.brand, p.handle, p.url, p.image_url, p.status,
    p.own_category, p.tags, p.flags, p.published_at, p.deleted_at, p.source_version_at
FROM crm_product AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.store_id = %(store_id)s
  AND p.external_id = ANY(%(external_ids)s::text[])
