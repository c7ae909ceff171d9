-- Purpose: note parcels whose promised time has passed and that have not arrived.
-- In: now; count (how many at most).
-- Out: the parcels with their order's profile and number, and whether nobody waits for it: it is a
--      test or was cancelled. Those without a known order have none.
WITH late AS (
    SELECT s.id
    FROM crm_shipment AS s
    WHERE s.tenant_id = %(tenant_id)s
      AND s.promised_at < %(now)s
      AND s.delayed_at IS NULL
      AND s.delivered_at IS NULL
      AND s.state IN ('', 'pending', 'shipped', 'out_for_delivery', 'failed')
    ORDER BY s.promised_at
    LIMIT %(count)s
    FOR NO KEY UPDATE SKIP LOCKED
),
marked AS (
    UPDATE crm_shipment AS s
    SET delayed_at = %(now)s
    FROM late AS l
    WHERE s.tenant_id = %(tenant_id)s AND s.id = l.id
    RETURNING s.id, s.store_id, s.order_id, s.order_external_id, s.carrier, s.tracking_number,
        s.tracking_url, s.promised_at, s.is_backfill
)
SELECT
    m.id, m.store_id, m.order_external_id, m.carrier, m.tracking_number, m.tracking_url,
    m.promised_at, m.is_backfill, o.id AS order_id, o.profile_id, o.number,
    (o.is_test OR o.cancelled_at IS NOT NULL) AS is_void
FROM marked AS m
LEFT JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = m.order_id
ORDER BY m.id
