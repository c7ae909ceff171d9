-- Empty the raw deliveries of erased people; what happened to them stays on record.
--
-- in:  tenant_id, store_id  bigint
--      needles              text[]       store ids and addresses, as they stand in a body
--      note                 text
--
-- Waiting deliveries stay: what they bring is refused by the suppression that erasure leaves.
UPDATE stores_inboxdelivery AS d
SET body = '\x7b7d',
    status = CASE WHEN d.status = 'quarantined' THEN 'ignored' ELSE d.status END,
    reason = %(note)s
WHERE d.tenant_id = %(tenant_id)s
  AND d.store_id = %(store_id)s
  AND d.status <> 'pending'
  AND EXISTS (
      SELECT 1
      FROM unnest(%(needles)s::text[]) AS n (needle)
      WHERE position(convert_to(n.needle, 'UTF8') IN d.body) > 0
  )
