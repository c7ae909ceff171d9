-- messaging/sql/sum_usage.sql
-- How much of each limit people have used up.
--
-- in:  tenant_id    bigint         added by kernel.sql
--      profile_ids  bigint[]
--      since        timestamptz    start of the longest window
--      keys, classes, channels, weights, sinces
--                   arrays of one length: what one message of a class on a channel adds to a
--                   limit if it left after its window began
-- out: profile_id, key, used, last_at; no row where nothing was used
-- why: one statement tells a batch what smart sending, budget and frequency rules ask for. A
--      message whose outcome is unknown counts as received.
WITH recent AS MATERIALIZED (
    SELECT
        m.profile_id, m.channel, m.message_class,
        COALESCE(m.sent_at, m.claimed_at) AS left_at
    FROM messaging_message AS m
    WHERE m.tenant_id = %(tenant_id)s
      AND m.profile_id = ANY(%(profile_ids)s::bigint[])
      AND m.status IN ('sent', 'unknown')
      AND m.message_class IN ('promotional', 'behavioural')
      AND COALESCE(m.sent_at, m.claimed_at) > %(since)s
)
SELECT
    r.profile_id, w.key, sum(w.weight)::integer AS used, max(r.left_at) AS last_at
FROM recent AS r
JOIN unnest(
    %(keys)s::text[], %(classes)s::text[], %(channels)s::text[], %(weights)s::integer[],
    %(sinces)s::timestamptz[]
) AS w (key, message_class, channel, weight, since)
    ON w.message_class = r.message_class AND w.channel = r.channel AND r.left_at > w.since
GROUP BY r.profile_id, w.key
