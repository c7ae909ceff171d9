-- messaging/sql/forget_callbacks.sql
-- Remove callbacks that name people who are erased and that were not applied.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]  whose addresses can still be read
-- out: row count
-- why: what was applied names nobody any more; what waits or was not used holds an address, or
--      what somebody wrote.
DELETE FROM messaging_providercallback AS c
USING crm_profile AS p
WHERE c.tenant_id = %(tenant_id)s
  AND c.status IN ('pending', 'ignored', 'failed')
  AND p.tenant_id = %(tenant_id)s
  AND p.tenant_id = c.tenant_id
  AND p.id = ANY(%(profile_ids)s)
  AND (
      (p.email_norm <> '' AND p.email_norm IN (
          lower(c.body ->> 'recipient'), lower(c.body ->> 'sender')
      ))
      OR (p.phone <> '' AND p.phone IN (c.body ->> 'recipient', c.body ->> 'sender'))
  )
