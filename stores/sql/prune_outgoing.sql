-- Forget deliveries that ended long ago.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      before     timestamptz
--      count      int     the most that go at once
-- out: row count
DELETE FROM stores_webhookdelivery AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.id IN (
      SELECT old.id
      FROM stores_webhookdelivery AS old
      WHERE old.tenant_id = %(tenant_id)s
        AND old.created_at < %(before)s
        AND old.status <> 'pending'
      ORDER BY old.created_at
      LIMIT %(count)s
  )
