-- Whether the data of each store is in step, for the frame of every page.
--
-- in:  tenant_id  bigint
--      ceiling    int     where counting stops
-- out: store_id, name, stock_told_at, oldest_waiting_at, quarantined
--
-- Both walk partial indexes that hold only what waits or was put aside.
SELECT
    s.id AS store_id,
    s.name,
    s.stock_told_at,
    (
        SELECT d.received_at FROM stores_inboxdelivery AS d
        WHERE d.tenant_id = %(tenant_id)s AND d.tenant_id = s.tenant_id
          AND d.store_id = s.id AND d.status = 'pending'
        ORDER BY d.id
        LIMIT 1
    ) AS oldest_waiting_at,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_inboxdelivery AS d
            WHERE d.tenant_id = %(tenant_id)s AND d.tenant_id = s.tenant_id
              AND d.store_id = s.id AND d.status = 'quarantined'
            LIMIT %(ceiling)s
        ) AS found
    ) AS quarantined
FROM crm_store AS s
WHERE s.tenant_id = %(tenant_id)s
ORDER BY s.name
