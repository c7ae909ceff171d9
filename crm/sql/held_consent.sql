-- Purpose: the statement of consent that holds of each profile and channel: the last one said, the
--   more restrictive of two equals.
-- In: ids (NULL means all profiles). Out: profile_id, channel, state, occurred_at, method.
SELECT DISTINCT ON (c.profile_id, c.channel)
    c.profile_id, c.channel, c.state, c.occurred_at, c.method
FROM crm_consentevent AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.topic = ''
  AND c.channel IN ('email', 'sms', 'whatsapp', 'push')
  AND (%(ids)s::bigint[] IS NULL OR c.profile_id = ANY(%(ids)s::bigint[]))
ORDER BY
    c.profile_id, c.channel, c.occurred_at DESC NULLS LAST,
    CASE c.state
        WHEN 'withdrawn' THEN 4 WHEN 'unsubscribed' THEN 3 WHEN 'never' THEN 2
        WHEN 'pending' THEN 1 ELSE 0
    END DESC,
    c.id DESC
