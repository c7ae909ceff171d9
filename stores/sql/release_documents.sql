-- Documents that an earlier import had to quarantine and this one could apply.
--
-- in:  tenant_id, store_id  bigint
--      ids                  text[]  delivery ids
--      note                 text
--      now                  timestamptz
UPDATE stores_inboxdelivery
SET status = 'ignored',
    reason = %(note)s,
    processed_at = %(now)s
WHERE tenant_id = %(tenant_id)s
  AND store_id = %(store_id)s
  AND delivery_id = ANY(%(ids)s::text[])
  AND status = 'quarantined'
