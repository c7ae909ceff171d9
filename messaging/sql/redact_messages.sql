-- messaging/sql/redact_messages.sql
-- Remove what names a person from the messages of erased profiles.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]
-- out: row count
-- why: the rows stay for the figures; ids and times name nobody.
UPDATE messaging_message
SET address = CASE WHEN address = '' THEN '' ELSE 'redacted.' || id || '@example.com' END,
    subject = '',
    detail = '',
    gates = NULL,
    context = '{}'::jsonb
WHERE tenant_id = %(tenant_id)s
  AND profile_id = ANY(%(profile_ids)s)
