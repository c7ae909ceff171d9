-- Empty the raw deliveries of erased people; what happened to them stays on record.
--
-- in:  tenant_id  bigint
--      store_id   bigint or NULL  NULL: every store
--      needles    text[]          ids and addresses, as they stand in a body
--      note       text
--
-- Reads every body that is not empty yet: a request to be forgotten is rare and may take a while.
-- Waiting deliveries stay: what they bring is refused by the suppression that erasure leaves.
UPDATE stores_inboxdelivery AS d
SET body = '\x7b7d',
    status = CASE WHEN d.status = 'quarantined' THEN 'ignored' ELSE d.status END,
    reason = %(note)s
WHERE d.tenant_id = %(tenant_id)s
  AND (%(store_id)s::bigint IS NULL OR d.store_id = %(store_id)s::bigint)
  AND d.status <> 'pending'
  AND d.body <> '\x7b7d'
  AND EXISTS (
      SELECT 1
      FROM unnest(%(needles)s::text[]) AS n (needle)
      WHERE position(convert_to(n.needle, 'UTF8') IN d.body) > 0
  )
