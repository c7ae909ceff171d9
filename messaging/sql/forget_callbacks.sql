-- messaging/sql/forget_callbacks.sql
-- Remove callbacks that name people who are erased and that were not applied.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]  whose identifiers can still be read
-- out: row count
-- why: what was applied names nobody any more; what waits or was not used holds an address, or
--      what somebody wrote. Beside the address that is shown, people have others.
WITH theirs AS (
    SELECT i.value_norm AS address
    FROM crm_identity AS i
    WHERE i.tenant_id = %(tenant_id)s
      AND i.profile_id = ANY(%(profile_ids)s)
      AND i.kind IN ('email', 'phone')
    UNION
    SELECT shown.address
    FROM crm_profile AS p
    CROSS JOIN LATERAL (VALUES (p.email_norm), (p.phone)) AS shown (address)
    WHERE p.tenant_id = %(tenant_id)s
      AND p.id = ANY(%(profile_ids)s)
      AND shown.address <> ''
)
DELETE FROM messaging_providercallback AS c
USING theirs
WHERE c.tenant_id = %(tenant_id)s
  AND c.status IN ('pending', 'ignored', 'failed')
  AND theirs.address IN (lower(c.body ->> 'recipient'), lower(c.body ->> 'sender'))
