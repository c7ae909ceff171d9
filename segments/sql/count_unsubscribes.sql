-- Purpose: from how many marketing mails to the people of each segment somebody unsubscribed.
-- In: since, of when the mails left. Out: segment_id, name, arrived, unsubscribed.
-- Why: who unsubscribes often leaves a segment by it, so those who left it since count as well.
WITH mails AS MATERIALIZED (
    SELECT
        m.profile_id, count(*) AS arrived,
        count(*) FILTER (WHERE k.is_unsubscribed) AS unsubscribed
    FROM messaging_deliverymark AS k
    JOIN messaging_message AS m
      ON m.tenant_id = %(tenant_id)s
     AND m.tenant_id = k.tenant_id
     AND m.id = k.message_id
    WHERE k.tenant_id = %(tenant_id)s
      AND k.at >= %(since)s
      AND k.message_class IN ('promotional', 'behavioural')
      AND NOT (k.is_hard OR k.is_soft OR k.is_blocked)
    GROUP BY m.profile_id
),
belongs AS (
    SELECT b.profile_id, own.segment_id
    FROM segments_membership AS b
    JOIN mails AS x ON x.profile_id = b.profile_id
    CROSS JOIN LATERAL unnest(b.segment_ids) AS own (segment_id)
    WHERE b.tenant_id = %(tenant_id)s
    UNION
    SELECT c.profile_id, c.segment_id
    FROM segments_membershipchange AS c
    JOIN mails AS x ON x.profile_id = c.profile_id AND x.unsubscribed > 0
    WHERE c.tenant_id = %(tenant_id)s
      AND NOT c.entered
      AND c.at >= %(since)s
    UNION
    SELECT x.profile_id, c.segment_id
    FROM segments_membershipmove AS c
    JOIN mails AS x
      ON c.part = x.profile_id >> 13
     AND x.unsubscribed > 0
     AND x.profile_id = ANY(c.profile_ids)
    WHERE c.tenant_id = %(tenant_id)s
      AND NOT c.entered
      AND c.at >= %(since)s
)
SELECT
    s.id AS segment_id, s.name, sum(x.arrived)::bigint AS arrived,
    sum(x.unsubscribed)::bigint AS unsubscribed
FROM belongs AS b
JOIN mails AS x ON x.profile_id = b.profile_id
JOIN segments_segment AS s ON s.tenant_id = %(tenant_id)s AND s.id = b.segment_id
WHERE s.tenant_id = %(tenant_id)s
GROUP BY s.id, s.name
