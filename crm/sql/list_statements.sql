-- Purpose: what some people said of each channel, the whole history.
-- In: ids (of profiles). Out: profile_id, channel, state, occurred_at, the oldest record first.
SELECT c.profile_id, c.channel, c.state, c.occurred_at
FROM crm_consentevent AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.profile_id = ANY(%(ids)s::bigint[])
  AND c.topic = ''
  AND c.channel IN ('email', 'sms', 'whatsapp', 'push')
ORDER BY c.id
