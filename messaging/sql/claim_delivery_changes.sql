-- Purpose: take changes out of the queue of the rollup of deliverability, oldest first.
-- In: rows (the most that are taken). Out: message_ids of each.
DELETE FROM messaging_deliverychange AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.id IN (
      SELECT c.id
      FROM messaging_deliverychange AS c
      WHERE c.tenant_id = %(tenant_id)s
      ORDER BY c.id
      LIMIT %(rows)s
  )
RETURNING d.message_ids
