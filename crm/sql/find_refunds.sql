-- Purpose: find refunds of a store by the store's ids.
-- In: store_id, external_ids. Out: what decides whether a record changes them.
SELECT
    r.id, r.external_id, r.order_id, r.profile_id, r.refunded_at, r.currency, r.amount_minor,
    r.source_version_at, r.source_hash
FROM crm_refund AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.store_id = %(store_id)s
  AND r.external_id = ANY(%(external_ids)s::text[])
