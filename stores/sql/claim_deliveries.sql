-- Claim waiting deliveries of one store, oldest first, up to a number and up to a size.
--
-- in:  tenant_id, store_id  bigint
--      batch_size           int     most deliveries
--      max_bytes            bigint  most bytes of bodies; the first delivery always fits
-- out: id, topic, source, headers, body, triggered_at, received_at
--
-- The caller holds the lock of the store, so order holds; SKIP LOCKED passes by a row that an
-- erasure is rewriting. An array and no join: with stale statistics the join walked all waiting
-- rows once for each claimed one.
WITH waiting AS (
    SELECT id, octet_length(body) AS size
    FROM stores_inboxdelivery
    WHERE tenant_id = %(tenant_id)s
      AND store_id = %(store_id)s
      AND status = 'pending'
    ORDER BY id
    LIMIT %(batch_size)s
),
fitting AS (
    SELECT id, sum(size) OVER (ORDER BY id) - size AS before
    FROM waiting
)
SELECT d.id, d.topic, d.source, d.headers, d.body, d.triggered_at, d.received_at
FROM stores_inboxdelivery AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.store_id = %(store_id)s
  AND d.status = 'pending'
  AND d.id = ANY(ARRAY(SELECT f.id FROM fitting AS f WHERE f.before < %(max_bytes)s))
ORDER BY d.id
FOR NO KEY UPDATE SKIP LOCKED
