-- messaging/sql/find_told_messages.sql
-- Find which messages callbacks are about.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      places, account_ids, provider_ids, message_ids, channels
--                 arrays of one length; message_ids is NULL where the callback carries no reference
-- out: place, and id and profile of the message; a place of which nothing is known is missing
-- why: our own reference names a message also before the provider's id was recorded.
SELECT t.place, m.id, m.profile_id
FROM unnest(
    %(places)s::int[], %(account_ids)s::bigint[], %(provider_ids)s::text[],
    %(message_ids)s::bigint[], %(channels)s::text[]
) AS t (place, account_id, provider_id, message_id, channel)
CROSS JOIN LATERAL (
    SELECT f.id, f.profile_id
    FROM messaging_message AS f
    WHERE f.tenant_id = %(tenant_id)s
      AND f.id = t.message_id
      AND f.channel = t.channel
    UNION ALL
    SELECT f.id, f.profile_id
    FROM messaging_message AS f
    WHERE f.tenant_id = %(tenant_id)s
      AND f.account_id = t.account_id
      AND f.provider_id = t.provider_id
      AND f.provider_id <> ''
      AND t.message_id IS NULL
    LIMIT 1
) AS m
ORDER BY t.place
