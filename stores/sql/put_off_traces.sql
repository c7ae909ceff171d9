-- Let those wait who were erased while deliveries of before had not been worked off.
--
-- in:  tenant_id  bigint
--      now        timestamptz
--      since      timestamptz  those who were erased before it wait no more
--      due_at     timestamptz  when to look again
UPDATE stores_erasedtrace AS t
SET due_at = %(due_at)s
WHERE t.tenant_id = %(tenant_id)s
  AND t.due_at <= %(now)s
  AND t.after_id = 0
  AND t.created_at > %(since)s
  AND EXISTS (
      SELECT 1
      FROM stores_inboxdelivery AS d
      WHERE d.tenant_id = %(tenant_id)s
        AND d.store_id = t.store_id
        AND d.status = 'pending'
        AND d.id <= t.until_id
  )
