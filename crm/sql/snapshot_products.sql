-- Purpose: products as they stand, to be compared or put back later; locked until the commit.
-- In: store_id and external_ids, or ids (the others NULL); with_rows (boolean: also their columns).
-- Out: id, mark (what two equal versions have in common: what a catalogue tells), and full_row
--   (JSON text, NULL without with_rows).
SELECT
    p.id,
    md5(
        ROW(
            p.title, p.category, p.brand, p.handle, p.url, p.image_url, p.status, p.tags,
            p.published_at, p.deleted_at IS NULL
        )::text
    ) AS mark,
    CASE WHEN %(with_rows)s THEN (to_jsonb(p) - 'tenant_id')::text END AS full_row
FROM crm_product AS p
WHERE p.tenant_id = %(tenant_id)s
  AND (
    p.id = ANY(%(ids)s::bigint[])
    OR (p.store_id = %(store_id)s AND p.external_id = ANY(%(external_ids)s::text[]))
  )
ORDER BY p.id
FOR NO KEY UPDATE OF p
