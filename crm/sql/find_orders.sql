-- Purpose: find orders of a store by the store's ids.
-- In: store_id, external_ids. Out: what decides whether a record changes them.
SELECT
    o.id, o.external_id, o.profile_id, o.source_version_at, o.source_hash, o.cancelled_at,
    o.is_test, o.is_erased, o.number, o.discount_codes <> '{}' AS has_codes
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s
  AND o.store_id = %(store_id)s
  AND o.external_id = ANY(%(external_ids)s::text[])
