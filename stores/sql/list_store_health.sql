-- How fresh and complete the data of each store is.
--
-- in:  tenant_id  bigint
--      ceiling    int     where counting stops: a page says "10,000+"
-- out: store_id, last_event_at, oldest_waiting_at, pending, quarantined, ignored, applied
--
-- Each count walks an index and stops at the ceiling, so the cost does not grow with the inbox.
SELECT
    s.id AS store_id,
    newest.received_at AS last_event_at,
    oldest.received_at AS oldest_waiting_at,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_inboxdelivery AS d
            WHERE d.tenant_id = %(tenant_id)s AND d.tenant_id = s.tenant_id
              AND d.store_id = s.id AND d.status = 'pending'
            LIMIT %(ceiling)s
        ) AS found
    ) AS pending,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_inboxdelivery AS d
            WHERE d.tenant_id = %(tenant_id)s AND d.tenant_id = s.tenant_id
              AND d.store_id = s.id AND d.status = 'quarantined'
            LIMIT %(ceiling)s
        ) AS found
    ) AS quarantined,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_inboxdelivery AS d
            WHERE d.tenant_id = %(tenant_id)s AND d.tenant_id = s.tenant_id
              AND d.store_id = s.id AND d.status = 'ignored'
            LIMIT %(ceiling)s
        ) AS found
    ) AS ignored,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_inboxdelivery AS d
            WHERE d.tenant_id = %(tenant_id)s AND d.tenant_id = s.tenant_id
              AND d.store_id = s.id AND d.status = 'applied'
            LIMIT %(ceiling)s
        ) AS found
    ) AS applied
FROM crm_store AS s
LEFT JOIN LATERAL (
    SELECT d.received_at
    FROM stores_inboxdelivery AS d
    WHERE d.tenant_id = %(tenant_id)s AND d.tenant_id = s.tenant_id AND d.store_id = s.id
    ORDER BY d.id DESC
    LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT d.received_at
    FROM stores_inboxdelivery AS d
    WHERE d.tenant_id = %(tenant_id)s AND d.tenant_id = s.tenant_id AND d.store_id = s.id
      AND d.status = 'pending'
    ORDER BY d.id
    LIMIT 1
) AS oldest ON true
WHERE s.tenant_id = %(tenant_id)s
