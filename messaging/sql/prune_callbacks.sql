-- messaging/sql/prune_callbacks.sql
-- Forget callbacks that were dealt with long ago, and that no provider tells again.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      before     timestamptz
--      batch      int          the most rows removed
-- out: row count
DELETE FROM messaging_providercallback AS c
USING (
    SELECT tenant_id, id
    FROM messaging_providercallback
    WHERE tenant_id = %(tenant_id)s
      AND status IN ('applied', 'ignored', 'failed')
      AND received_at < %(before)s
    ORDER BY status, received_at DESC
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
) AS old
WHERE c.tenant_id = %(tenant_id)s
  AND c.tenant_id = old.tenant_id
  AND c.id = old.id
