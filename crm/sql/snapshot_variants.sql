-- Purpose: variants as they stand, to be compared or put back later; locked until the commit.
-- In: store_id with external_ids and skus, or ids (the others NULL); with_rows (boolean: also their
--   columns).
-- Out: id, mark (what two equal versions have in common: what a store tells), and full_row (JSON
--   text, NULL without with_rows).
SELECT
    v.id,
    md5(
        ROW(
            v.product_id, v.sku, v.title, v.price_minor, v.compare_at_minor, v.currency,
            v.inventory_policy, v.inventory_item, v.told_quantity, v.told_tracked, v.back_on
        )::text
    ) AS mark,
    CASE WHEN %(with_rows)s THEN (to_jsonb(v) - 'tenant_id')::text END AS full_row
FROM crm_variant AS v
WHERE v.tenant_id = %(tenant_id)s
  AND (
    v.id = ANY(%(ids)s::bigint[])
    OR (v.store_id = %(store_id)s AND v.external_id = ANY(%(external_ids)s::text[]))
    OR (v.store_id = %(store_id)s AND v.sku = ANY(%(skus)s::text[]))
  )
ORDER BY v.id
FOR NO KEY UPDATE OF v
