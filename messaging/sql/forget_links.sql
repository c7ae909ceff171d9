-- messaging/sql/forget_links.sql
-- Remove the short links of the messages of erased profiles.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]
-- out: row count
-- why: a link may carry what the message says of somebody; there is nobody left to follow it.
DELETE FROM messaging_shortlink AS l
USING messaging_message AS m
WHERE l.tenant_id = %(tenant_id)s
  AND m.tenant_id = %(tenant_id)s
  AND m.tenant_id = l.tenant_id
  AND m.id = l.message_id
  AND m.profile_id = ANY(%(profile_ids)s)
