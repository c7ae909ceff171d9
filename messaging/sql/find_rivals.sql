-- messaging/sql/find_rivals.sql
-- Promotional messages that want the same moments of the same people.
--
-- in:  tenant_id    bigint         added by kernel.sql
--      profile_ids  bigint[]
--      own          bigint[]       messages that are asked about
--      until        timestamptz    end of the time in which messages compete
--      soon         timestamptz    a pause of a channel that ends before it is none
-- out: id, profile_id, channel, due_at, priority, expected_value, has_smart, template, of those
--      that wait; priority and value as text, empty where nothing is said
-- why: what is being sent already competes with nothing: it has its slot. Neither does what waits
--      on a channel that is paused, which would keep the slot from what can leave. Most people wait
--      for one message alone, that which is asked about: it is not worth telling.
WITH paused AS (
    {messaging.list_paused_channels}
)
SELECT
    m.id, m.profile_id, m.channel, m.due_at, t.name AS template,
    COALESCE(m.context ->> 'priority', '') AS priority,
    COALESCE(m.context ->> 'expected_value', '') AS expected_value,
    COALESCE(m.context ->> 'smart_sending', 'true') <> 'false' AS has_smart
FROM (
    SELECT
        w.tenant_id, w.id, w.profile_id, w.channel, w.due_at, w.template_id, w.context,
        count(*) OVER (PARTITION BY w.profile_id) AS waiting
    FROM messaging_message AS w
    WHERE w.tenant_id = %(tenant_id)s
      AND w.profile_id = ANY(%(profile_ids)s::bigint[])
      AND w.status = 'pending'
      AND w.message_class = 'promotional'
      AND w.due_at <= %(until)s
      AND NOT EXISTS (SELECT 1 FROM paused WHERE paused.channel = w.channel)
) AS m
JOIN messaging_template AS t
  ON t.tenant_id = %(tenant_id)s
 AND t.tenant_id = m.tenant_id
 AND t.id = m.template_id
WHERE m.waiting > 1 OR m.id <> ALL(%(own)s::bigint[])
ORDER BY m.id
