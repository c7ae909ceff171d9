-- Put deliveries back into the queue, in the place of their arrival.
--
-- in:  tenant_id  bigint
--      ids        bigint[]  those that were applied or wait already are passed by
UPDATE stores_inboxdelivery
SET status = 'pending',
    reason = '',
    processed_at = NULL,
    attempts = attempts + 1
WHERE tenant_id = %(tenant_id)s
  AND id = ANY(%(ids)s::bigint[])
  AND status IN ('quarantined', 'ignored')
  AND attempts < 32000
