-- Purpose: delete calls of sites that were applied, oldest first.
-- In: before, count. Out: nothing; the number of rows says how many.
-- Why: an array and no join, so that stale statistics mislead nothing.
DELETE FROM stores_inboxdelivery AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.id = ANY(ARRAY(
      SELECT o.id
      FROM stores_inboxdelivery AS o
      WHERE o.tenant_id = %(tenant_id)s
        AND o.source = 'tracking'
        AND o.status = 'applied'
        AND o.received_at < %(before)s
      ORDER BY o.received_at
      LIMIT %(count)s
      FOR UPDATE SKIP LOCKED
  ))
