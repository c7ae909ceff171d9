-- Purpose: write shipments; a known one is replaced, its id stays.
-- In: store_id; columns of the shipments as arrays of equal length; now. Out: nothing.
INSERT INTO crm_shipment (
    tenant_id, store_id, created_at, id, external_id, order_id, order_external_id, status, carrier,
    tracking_number, tracking_url, shipped_at, delivered_at, source_version_at
)
SELECT
    %(tenant_id)s, %(store_id)s, %(now)s, n.id, n.external_id, n.order_id, n.order_external_id,
    n.status, n.carrier, n.tracking_number, n.tracking_url, n.shipped_at, n.delivered_at,
    n.version_at
FROM unnest(
    %(id)s::bigint[], %(external_id)s::text[], %(order_id)s::bigint[],
    %(order_external_id)s::text[], %(status)s::text[], %(carrier)s::text[],
    %(tracking_number)s::text[], %(tracking_url)s::text[], %(shipped_at)s::timestamptz[],
    %(delivered_at)s::timestamptz[], %(version_at)s::timestamptz[]
) AS n (
    id, external_id, order_id, order_external_id, status, carrier, tracking_number, tracking_url,
    shipped_at, delivered_at, version_at
)
ON CONFLICT (tenant_id, store_id, external_id) DO UPDATE SET
    order_id = EXCLUDED.order_id,
    order_external_id = EXCLUDED.order_external_id,
    status = EXCLUDED.status,
    carrier = EXCLUDED.carrier,
    tracking_number = EXCLUDED.tracking_number,
    tracking_url = EXCLUDED.tracking_url,
    shipped_at = EXCLUDED.shipped_at,
    delivered_at = EXCLUDED.delivered_at,
    source_version_at = EXCLUDED.source_version_at
