-- Purpose: forget where the parcels of erased people went.
-- In: ids (of orders). Out: nothing.
UPDATE crm_shipment AS s
SET tracking_number = '', tracking_url = ''
WHERE s.tenant_id = %(tenant_id)s AND s.order_id = ANY(%(ids)s::bigint[])
