-- messaging/sql/list_due_channels.sql
-- Say on which channels something is due.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      channels   text[]  to ask for
--      now        timestamptz
-- out: channel
-- why: one look into the index of what is due per channel, whatever waits on it.
SELECT asked.channel
FROM unnest(%(channels)s::text[]) AS asked (channel)
WHERE EXISTS (
    SELECT 1
    FROM messaging_message AS m
    WHERE m.tenant_id = %(tenant_id)s
      AND m.channel = asked.channel
      AND m.status = 'pending'
      AND m.due_at <= %(now)s
)
ORDER BY asked.channel
