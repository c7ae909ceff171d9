-- messaging/sql/list_left.sql
-- When marketing left for people, for those whom a limit stops.
--
-- in:  tenant_id    bigint         added by kernel.sql
--      profile_ids  bigint[]
--      since        timestamptz
-- out: profile_id, channel, message_class, left_at, newest first
-- why: says when a window has room again. A message whose outcome is unknown counts as received.
SELECT
    m.profile_id, m.channel, m.message_class, COALESCE(m.sent_at, m.claimed_at) AS left_at
FROM messaging_message AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.profile_id = ANY(%(profile_ids)s::bigint[])
  AND m.status IN ('sent', 'unknown')
  AND m.message_class IN ('promotional', 'behavioural')
  AND COALESCE(m.sent_at, m.claimed_at) > %(since)s
ORDER BY left_at DESC
