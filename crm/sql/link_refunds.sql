-- Purpose: give refunds that came before their orders their order, and its profile.
-- In: store_id, external_ids (of orders that have just arrived).
-- Out: the linked refunds: id, old and new profile, time, amount, order number.
UPDATE crm_refund AS r
SET order_id = o.id, profile_id = COALESCE(o.profile_id, r.profile_id)
FROM crm_order AS o, crm_refund AS b
WHERE r.tenant_id = %(tenant_id)s
  AND r.store_id = %(store_id)s
  AND r.order_id IS NULL
  AND r.order_external_id = ANY(%(external_ids)s::text[])
  AND o.tenant_id = %(tenant_id)s
  AND o.store_id = r.store_id
  AND o.external_id = r.order_external_id
  AND b.tenant_id = %(tenant_id)s
  AND b.id = r.id
RETURNING
    r.id, b.profile_id AS profile_before, r.profile_id, r.refunded_at, r.amount_minor, r.currency,
    o.number, o.external_id AS order_external_id, o.is_test
