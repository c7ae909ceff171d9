-- The newest delivery of each store that has any.
--
-- in:  tenant_id  bigint
-- out: store_id, last_id  bigint
SELECT s.id AS store_id, d.id AS last_id
FROM crm_store AS s
CROSS JOIN LATERAL (
    SELECT l.id
    FROM stores_inboxdelivery AS l
    WHERE l.tenant_id = %(tenant_id)s AND l.store_id = s.id
    ORDER BY l.id DESC
    LIMIT 1
) AS d
WHERE s.tenant_id = %(tenant_id)s
ORDER BY s.id
