-- Purpose: find variants of a store by the store's ids.
-- In: store_id, external_ids. Out: id, external_id, product_id.
SELECT v.id, v.external_id, v.product_id
FROM crm_variant AS v
WHERE v.tenant_id = %(tenant_id)s
  AND v.store_id = %(store_id)s
  AND v.external_id = ANY(%(external_ids)s::text[])
