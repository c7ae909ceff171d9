-- Purpose: find refunds that wait for orders which have just arrived.
-- In: store_id, external_ids (of the orders).
-- Out: the refunds as they are.
SELECT
    r.id, r.order_external_id, r.profile_id, r.refunded_at, r.amount_minor, r.currency
FROM crm_refund AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.store_id = %(store_id)s
  AND r.order_id IS NULL
  AND r.order_external_id = ANY(%(external_ids)s::text[])
ORDER BY r.id
FOR NO KEY UPDATE
