-- Purpose: find shipments of a store by the store's ids.
-- In: store_id, external_ids. Out: id and what decides whether a record changes them.
SELECT
    s.id, s.external_id, s.order_id, s.order_external_id, s.status, s.carrier, s.tracking_number,
    s.tracking_url, s.shipped_at, s.delivered_at, s.promised_at, s.state, s.delayed_at,
    s.source_version_at
FROM crm_shipment AS s
WHERE s.tenant_id = %(tenant_id)s
  AND s.store_id = %(store_id)s
  AND s.external_id = ANY(%(external_ids)s::text[])
