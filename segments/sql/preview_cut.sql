-- Purpose: how many buyers would move between groups if scores were cut otherwise.
-- In: tenant_id; recency, frequency, monetary, the lowest values that would get scores 2 to 5.
-- Out: from_group, to_group, people; those who stay among them.
-- Why: a score keeps what it came from, so one scan of narrow rows says it, and nothing is written.
WITH buyer AS (
    SELECT r.profile_id, r.last_order_on, r.order_count, r.net_minor
    FROM segments_rfmscore AS r
    WHERE r.tenant_id = %(tenant_id)s
),

grouped AS (
    {segments.group_buyers}
)

SELECT o."group" AS from_group, g.to_group, count(*)::int AS people
FROM grouped AS g
JOIN segments_rfmscore AS o ON o.tenant_id = %(tenant_id)s AND o.profile_id = g.profile_id
GROUP BY o."group", g.to_group
ORDER BY count(*) DESC, o."group", g.to_group
