-- messaging/sql/redact_touches.sql
-- Remove address, browser and what links carried from the touches of erased profiles.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]
-- out: row count
-- why: what was opened and clicked stays for the figures; who it was does not.
UPDATE messaging_touch
SET ip = NULL,
    user_agent = '',
    url = split_part(split_part(url, '#', 1), '?', 1)
WHERE tenant_id = %(tenant_id)s
  AND profile_id = ANY(%(profile_ids)s)
