-- Purpose: mails whose mark is not what they add, but for those that wait to be added up.
-- In: as deliveries_to_mark; count (the most rows of either kind).
-- Out: kind (missing or stored), message_id, day.
WITH fresh AS (
    {messaging.deliveries_to_mark}
),
stored AS (
    {messaging.list_delivery_marks}
),
waiting AS (
    SELECT unnest(c.message_ids) AS message_id
    FROM messaging_deliverychange AS c
    WHERE c.tenant_id = %(tenant_id)s
),
wrong AS (
    SELECT 'missing' AS kind, a.message_id, a.day FROM (TABLE fresh EXCEPT TABLE stored) AS a
    UNION ALL
    SELECT 'stored' AS kind, b.message_id, b.day FROM (TABLE stored EXCEPT TABLE fresh) AS b
)
SELECT w.kind, w.message_id, w.day
FROM wrong AS w
WHERE NOT EXISTS (SELECT 1 FROM waiting AS q WHERE q.message_id = w.message_id)
ORDER BY w.message_id, w.kind
LIMIT %(count)s
