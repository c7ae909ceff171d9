-- Purpose: give shipments that came before their orders their order.
-- In: store_id, external_ids (of orders that have just arrived).
-- Out: the linked shipments with their order's profile, number and channel; of an order whose person was
--   erased without what leads to them.
UPDATE crm_shipment AS s
SET
    order_id = o.id,
    tracking_number = CASE WHEN o.is_erased THEN '' ELSE s.tracking_number END,
    tracking_url = CASE WHEN o.is_erased THEN '' ELSE s.tracking_url END
FROM crm_order AS o
WHERE s.tenant_id = %(tenant_id)s
  AND s.store_id = %(store_id)s
  AND s.order_id IS NULL
  AND s.order_external_id = ANY(%(external_ids)s::text[])
  AND o.tenant_id = %(tenant_id)s
  AND o.store_id = s.store_id
  AND o.external_id = s.order_external_id
  AND o.external_id = ANY(%(external_ids)s::text[])
RETURNING
    s.id, s.order_id, s.status, s.carrier, s.tracking_number, s.tracking_url, s.shipped_at, s.delivered_at,
    s.promised_at, s.state, s.delayed_at, s.source_version_at AS version_at, o.profile_id, o.number,
    o.external_id AS order_external_id, o.is_test, o.channel
