-- Empty all raw deliveries of a store whose shop is erased.
--
-- in:  tenant_id, store_id  bigint
--      note                 text
UPDATE stores_inboxdelivery
SET body = '\x7b7d',
    status = CASE WHEN status = 'quarantined' THEN 'ignored' ELSE status END,
    reason = %(note)s
WHERE tenant_id = %(tenant_id)s
  AND store_id = %(store_id)s
  AND status <> 'pending'
  AND body <> '\x7b7d'
