-- messaging/sql/find_soft_streaks.sql
-- Find the addresses whose last messages all bounced for now, with none delivered between.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      profile_ids, channels, addresses
--                 arrays of one length, no three twice
--      length     int          so many messages
-- out: channel and address
-- why: messages are counted, not callbacks: a provider tells of each of its own tries.
SELECT a.channel, a.address
FROM unnest(
    %(profile_ids)s::bigint[], %(channels)s::text[], %(addresses)s::text[]
) AS a (profile_id, channel, address)
CROSS JOIN LATERAL (
    SELECT count(*) AS messages, bool_and(l.is_soft) AS is_soft
    FROM (
        SELECT m.bounced_at IS NOT NULL AND m.reason = 'bounced_soft' AS is_soft
        FROM messaging_message AS m
        WHERE m.tenant_id = %(tenant_id)s
          AND m.profile_id = a.profile_id
          AND m.channel = a.channel
          AND m.address = a.address
          AND (m.bounced_at IS NOT NULL OR m.delivered_at IS NOT NULL OR m.opened_at IS NOT NULL)
        ORDER BY m.id DESC
        LIMIT %(length)s
    ) AS l
) AS s
WHERE s.messages >= %(length)s
  AND s.is_soft
ORDER BY a.channel, a.address
