-- How fresh and complete the data of each store is.
--
-- in:  tenant_id  bigint
--      ceiling    int     where counting stops: a page says "10,000+"
-- out: store_id, pull_status, pull_detail (of the newest pull), fetch_detail, last_event_at, oldest_waiting_at, pending, quarantined, ignored, applied
--
-- Each count walks an index and stops at the ceiling, so the cost does not grow with the inbox.
SELECT
    s.store_id,
    s.oldest_waiting_at,
    s.quarantined,
    (
        SELECT r.status
        FROM stores_syncrun AS r
        WHERE r.tenant_id = %(tenant_id)s AND r.store_id = s.store_id
        ORDER BY r.id DESC
        LIMIT 1
    ) AS pull_status,
    (
        SELECT r.detail
        FROM stores_syncrun AS r
        WHERE r.tenant_id = %(tenant_id)s AND r.store_id = s.store_id
        ORDER BY r.id DESC
        LIMIT 1
    ) AS pull_detail,
    (
        SELECT c.fetch_detail
        FROM stores_connection AS c
        WHERE c.tenant_id = %(tenant_id)s AND c.store_id = s.store_id
    ) AS fetch_detail,
    (
        SELECT d.received_at
        FROM stores_inboxdelivery AS d
        WHERE d.tenant_id = %(tenant_id)s AND d.store_id = s.store_id
        ORDER BY d.id DESC
        LIMIT 1
    ) AS last_event_at,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_inboxdelivery AS d
            WHERE d.tenant_id = %(tenant_id)s AND d.store_id = s.store_id AND d.status = 'pending'
            LIMIT %(ceiling)s
        ) AS found
    ) AS pending,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_inboxdelivery AS d
            WHERE d.tenant_id = %(tenant_id)s AND d.store_id = s.store_id AND d.status = 'ignored'
            LIMIT %(ceiling)s
        ) AS found
    ) AS ignored,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_inboxdelivery AS d
            WHERE d.tenant_id = %(tenant_id)s AND d.store_id = s.store_id AND d.status = 'applied'
            LIMIT %(ceiling)s
        ) AS found
    ) AS applied
FROM (
    {stores.read_sync_health}
) AS s
