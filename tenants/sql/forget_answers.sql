-- Empty the kept answers to POSTs that name people who are erased; a repeat then gets no content.
--
-- in:  tenant_id  bigint
--      needles    text[]  addresses and numbers, as they stand in a body
UPDATE tenants_idempotencykey AS k
SET body = '"{}"'
WHERE k.tenant_id = %(tenant_id)s
  AND k.body IS NOT NULL
  AND EXISTS (
      SELECT 1
      FROM unnest(%(needles)s::text[]) AS n (needle)
      WHERE position(n.needle IN k.body::text) > 0
  )
