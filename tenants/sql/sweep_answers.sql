-- Delete kept answers to POSTs that are old enough.
--
-- in:  tenant_id  bigint
--      until      timestamptz  made at this moment or before
--      batch      int          the most rows
DELETE FROM tenants_idempotencykey AS k
WHERE k.tenant_id = %(tenant_id)s
  AND k.id IN (
      SELECT o.id
      FROM tenants_idempotencykey AS o
      WHERE o.tenant_id = %(tenant_id)s AND o.created_at <= %(until)s
      ORDER BY o.created_at
      LIMIT %(batch)s
      FOR UPDATE SKIP LOCKED
  )
