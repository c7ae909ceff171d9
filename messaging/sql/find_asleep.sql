-- messaging/sql/find_asleep.sql
-- Who of some people has shown no interest for so long, and what they got since then.
--
-- in:  tenant_id    bigint        added by kernel.sql
--      profile_ids  bigint[]
--      now          timestamptz
--      days         int           without an opening, a click, a visit and an order
--      most         int           messages that are counted at most
-- out: profile_id, last_at (of the last interest, or when the person became known), used: promotional
--      mails that left after the days were over
-- why: openings by machines are none, crm keeps them out of its facts. A message whose outcome is
--      unknown counts as received.
WITH asleep AS (
    SELECT p.id, interest.last_at, interest.last_at + make_interval(days => %(days)s) AS since
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
      AND interest.last_at < %(now)s - make_interval(days => %(days)s)
)
SELECT a.id AS profile_id, a.last_at, got.used
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
