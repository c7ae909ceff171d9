-- messaging/sql/find_rivals.sql
-- Promotional messages that want the same moments of the same people.
--
-- in:  tenant_id    bigint         added by kernel.sql
--      profile_ids  bigint[]
--      until        timestamptz    end of the time in which messages compete
-- out: id, profile_id, channel, due_at, priority, expected_value, has_smart, template, of those
--      that wait; priority and value as text, empty where nothing is said
-- why: what is being sent already competes with nothing: it has its slot.
SELECT
    m.id, m.profile_id, m.channel, m.due_at, t.name AS template,
    COALESCE(m.context ->> 'priority', '') AS priority,
    COALESCE(m.context ->> 'expected_value', '') AS expected_value,
    COALESCE(m.context ->> 'smart_sending', 'true') <> 'false' AS has_smart
FROM messaging_message AS m
JOIN messaging_template AS t ON t.tenant_id = %(tenant_id)s AND t.id = m.template_id
WHERE m.tenant_id = %(tenant_id)s
  AND m.profile_id = ANY(%(profile_ids)s::bigint[])
  AND m.status = 'pending'
  AND m.message_class = 'promotional'
  AND m.due_at <= %(until)s
ORDER BY m.id
