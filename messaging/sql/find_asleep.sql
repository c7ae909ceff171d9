-- messaging/sql/find_asleep.sql
-- Who of some people has shown no interest for so long, and what they got since then.
--
-- in:  tenant_id    bigint        added by kernel.sql
--      profile_ids  bigint[]
--      now          timestamptz
--      days         int           without an opening, a click, a visit and an order
--      slow_days    int           likewise, after which mails come more rarely; not above days
--      slow_gap     int           days between two of them then
--      most         int           messages that are counted at most
-- out: profile_id, last_at (of the last interest, or when the person became known), is_over: whether
--      the days are over, used: promotional mails that left after that, has_lately: whether one left
--      within the gap
-- why: openings by machines are none, crm keeps them out of its facts. A message whose outcome is
--      unknown counts as received.
WITH asleep AS (
    SELECT
        p.id, interest.last_at, interest.last_at + make_interval(days => %(days)s) AS since,
        interest.last_at < %(now)s - make_interval(days => %(days)s) AS is_over
    FROM crm_profile AS p
    LEFT JOIN crm_profilefacts AS f
      ON f.tenant_id = %(tenant_id)s
     AND f.tenant_id = p.tenant_id
     AND f.profile_id = p.id
    CROSS JOIN LATERAL (
        SELECT GREATEST(
            p.created_at, f.last_opened_at, f.last_clicked_at, f.last_seen_at, f.last_order_at
        ) AS last_at
    ) AS interest
    WHERE p.tenant_id = %(tenant_id)s
      AND p.id = ANY(%(profile_ids)s::bigint[])
      AND interest.last_at < %(now)s - make_interval(days => %(slow_days)s)
)
SELECT
    a.id AS profile_id, a.last_at, a.is_over, got.used,
    NOT a.is_over AND EXISTS (
        SELECT 1
        FROM messaging_message AS m
        WHERE m.tenant_id = %(tenant_id)s
          AND m.profile_id = a.id
          AND m.status IN ('sent', 'unknown')
          AND m.message_class IN ('promotional', 'behavioural')
          AND m.message_class = 'promotional'
          AND m.channel = 'email'
          AND COALESCE(m.sent_at, m.claimed_at) > %(now)s - make_interval(days => %(slow_gap)s)
    ) AS has_lately
FROM asleep AS a
CROSS JOIN LATERAL (
    SELECT count(*)::int AS used
    FROM (
        SELECT 1
        FROM messaging_message AS m
        WHERE m.tenant_id = %(tenant_id)s
          AND m.profile_id = a.id
          AND m.status IN ('sent', 'unknown')
          AND m.message_class IN ('promotional', 'behavioural')
          AND m.message_class = 'promotional'
          AND m.channel = 'email'
          AND COALESCE(m.sent_at, m.claimed_at) > a.since
        LIMIT %(most)s
    ) AS counted
) AS got
