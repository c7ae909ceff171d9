-- messaging/sql/add_touches.sql
-- Keep what happened to messages.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      message_ids, profile_ids, kinds, times, urls, user_agents, bots
--                 arrays of one length
-- out: row count
INSERT INTO messaging_touch (
    tenant_id, message_id, profile_id, kind, at, url, user_agent, is_bot, is_mpp
)
SELECT
    %(tenant_id)s, t.message_id, t.profile_id, t.kind, t.at, t.url, t.user_agent, t.is_bot, false
FROM unnest(
    %(message_ids)s::bigint[], %(profile_ids)s::bigint[], %(kinds)s::text[],
    %(times)s::timestamptz[], %(urls)s::text[], %(user_agents)s::text[], %(bots)s::boolean[]
) AS t (message_id, profile_id, kind, at, url, user_agent, is_bot)
