-- Purpose: write shipments; a known one is replaced, its id stays, and so does whether it was
--   history when it came first.
-- In: store_id, is_backfill; columns of the shipments as arrays of equal length; now. Out: nothing.
-- Why: an order that is named and not known here keeps the link that was found before.
INSERT INTO crm_shipment AS s (
    tenant_id, store_id, created_at, is_backfill, id, external_id, order_id, order_external_id,
    status, carrier, tracking_number, tracking_url, shipped_at, delivered_at, promised_at, state,
    delayed_at, source_version_at
)
SELECT
    %(tenant_id)s, %(store_id)s, %(now)s, %(is_backfill)s, n.id, n.external_id, n.order_id,
    n.order_external_id, n.status, n.carrier, n.tracking_number, n.tracking_url, n.shipped_at,
    n.delivered_at, n.promised_at, n.state, n.delayed_at, n.version_at
FROM unnest(
    %(id)s::bigint[], %(external_id)s::text[], %(order_id)s::bigint[],
    %(order_external_id)s::text[], %(status)s::text[], %(carrier)s::text[],
    %(tracking_number)s::text[], %(tracking_url)s::text[], %(shipped_at)s::timestamptz[],
    %(delivered_at)s::timestamptz[], %(promised_at)s::timestamptz[], %(state)s::text[],
    %(delayed_at)s::timestamptz[], %(version_at)s::timestamptz[]
) AS n (
    id, external_id, order_id, order_external_id, status, carrier, tracking_number, tracking_url,
    shipped_at, delivered_at, promised_at, state, delayed_at, version_at
)
ON CONFLICT (tenant_id, store_id, external_id) DO UPDATE SET
    order_id = COALESCE(EXCLUDED.order_id, s.order_id),
    order_external_id = EXCLUDED.order_external_id,
    status = EXCLUDED.status,
    carrier = EXCLUDED.carrier,
    tracking_number = EXCLUDED.tracking_number,
    tracking_url = EXCLUDED.tracking_url,
    shipped_at = EXCLUDED.shipped_at,
    delivered_at = EXCLUDED.delivered_at,
    promised_at = EXCLUDED.promised_at,
    state = EXCLUDED.state,
    delayed_at = EXCLUDED.delayed_at,
    source_version_at = EXCLUDED.source_version_at
