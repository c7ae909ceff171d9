-- Purpose: find refunds that are not where their order is.
-- In: nothing. Out: id, external_id.
SELECT r.id, r.external_id
FROM crm_refund AS r
JOIN crm_order AS o
  ON o.tenant_id = r.tenant_id AND o.store_id = r.store_id AND o.external_id = r.order_external_id
WHERE r.tenant_id = %(tenant_id)s
  AND r.order_external_id <> ''
  AND (
    r.order_id IS DISTINCT FROM o.id
    OR (o.profile_id IS NOT NULL AND r.profile_id IS DISTINCT FROM o.profile_id)
  )
ORDER BY r.id
