-- What is written to stores, kind by kind, and how it stands.
--
-- in:  tenant_id  bigint
--      store_id   bigint  NULL: every store
--      ceiling    int     where counting stops
-- out: store_id, store_name, store_status, kind, is_on, options, is_filling, detail, waiting, refused, sent_at
SELECT
    l.store_id,
    s.name AS store_name,
    s.status AS store_status,
    l.kind,
    l.is_on,
    l.options,
    l.fill_after IS NOT NULL AS is_filling,
    l.detail,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_storewrite AS w
            WHERE w.tenant_id = %(tenant_id)s AND w.lane_id = l.id AND w.state = 'waiting'
            LIMIT %(ceiling)s
        ) AS found
    ) AS waiting,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM stores_storewrite AS w
            WHERE w.tenant_id = %(tenant_id)s AND w.lane_id = l.id AND w.state = 'refused'
            LIMIT %(ceiling)s
        ) AS found
    ) AS refused,
    (
        SELECT w.sent_at FROM stores_storewrite AS w
        WHERE w.tenant_id = %(tenant_id)s AND w.lane_id = l.id AND w.sent_at IS NOT NULL
        ORDER BY w.sent_at DESC
        LIMIT 1
    ) AS sent_at
FROM stores_writelane AS l
JOIN crm_store AS s ON s.tenant_id = l.tenant_id AND s.id = l.store_id
WHERE l.tenant_id = %(tenant_id)s
  AND (%(store_id)s::bigint IS NULL OR l.store_id = %(store_id)s::bigint)
ORDER BY l.id
