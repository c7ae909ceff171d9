-- Empty what endpoints were or are to be told of people who are erased; what waits is given up.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]
-- out: row count
UPDATE stores_webhookdelivery AS d
SET body = '',
    log = '[]',
    status = CASE WHEN d.status = 'pending' THEN 'failed' ELSE d.status END
WHERE d.tenant_id = %(tenant_id)s
  AND d.profile_id = ANY(%(profile_ids)s)
