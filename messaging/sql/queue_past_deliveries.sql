-- Purpose: have every mail that left, and every mark, looked at again by the rollup, batch by batch.
-- In: size (mails of a batch). Out: nothing.
INSERT INTO messaging_deliverychange (tenant_id, message_ids)
SELECT %(tenant_id)s, array_agg(n.id ORDER BY n.id)
FROM (
    SELECT m.id
    FROM messaging_message AS m
    WHERE m.tenant_id = %(tenant_id)s
      AND m.channel = 'email'
      AND m.status IN ('sent', 'failed')
    UNION
    SELECT k.message_id
    FROM messaging_deliverymark AS k
    WHERE k.tenant_id = %(tenant_id)s
) AS n
GROUP BY n.id / %(size)s
