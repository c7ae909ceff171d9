-- messaging/sql/find_suppressions.sql
-- The suppressions in force of some addresses, the one that stops everything first.
--
-- in:  tenant_id       bigint       added by kernel.sql
--      channel         text
--      address_hashes  text[]
--      now             timestamptz
-- out: address_hash, scope, reason
-- why: a list of thousands of values is read by the server one by one; an array is one value.
SELECT s.address_hash, s.scope, s.reason
FROM crm_suppression AS s
WHERE s.tenant_id = %(tenant_id)s
  AND s.channel = %(channel)s
  AND s.address_hash = ANY(%(address_hashes)s::text[])
  AND (s.until IS NULL OR s.until > %(now)s)
ORDER BY s.scope <> 'all', s.reason
