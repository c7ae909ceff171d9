-- Read the next deliveries of a store in order of arrival, up to a number and up to a size.
--
-- in:  tenant_id, store_id  bigint
--      after_id, until_id   bigint  behind the one, up to and with the other
--      page_size            int     most deliveries
--      max_bytes            bigint  most bytes of bodies; the first delivery always fits
-- out: id, topic
--      body                 NULL for one that waits or is empty already
WITH page AS (
    SELECT id, octet_length(body) AS size
    FROM stores_inboxdelivery
    WHERE tenant_id = %(tenant_id)s
      AND store_id = %(store_id)s
      AND id > %(after_id)s
      AND id <= %(until_id)s
    ORDER BY id
    LIMIT %(page_size)s
),
fitting AS (
    SELECT id, sum(size) OVER (ORDER BY id) - size AS before
    FROM page
)
SELECT
    d.id, d.topic,
    CASE WHEN d.status <> 'pending' AND d.body <> '\x7b7d' THEN d.body END AS body
FROM stores_inboxdelivery AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.store_id = %(store_id)s
  AND d.id = ANY(ARRAY(SELECT f.id FROM fitting AS f WHERE f.before < %(max_bytes)s))
ORDER BY d.id
