-- Purpose: find stored first and last touches that differ from what the visits say, and visits of
--   orders that are not where their order is.
-- In: nothing. Out: profile_id, what ('first touch', 'last touch' or 'touch of order'), stored and
--   recomputed as text.
WITH touches AS (
    SELECT
        t.profile_id, t.occurred_at, t.touch_key, t.source = 'direct' AS is_direct,
        jsonb_build_object(
            'source', t.source, 'medium', t.medium, 'campaign', t.campaign,
            'content', t.content, 'term', t.term,
            'at', to_char(t.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'landing_page', t.landing_page, 'referrer', t.referrer
        ) AS touch
    FROM crm_touchpoint AS t
    JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = t.profile_id
    WHERE t.tenant_id = %(tenant_id)s AND NOT p.is_anonymous
),
recomputed AS (
    SELECT
        t.profile_id,
        (array_agg(t.touch ORDER BY t.occurred_at, t.touch_key COLLATE "C"))[1] AS first_touch,
        (array_agg(
            t.touch ORDER BY t.is_direct, t.occurred_at DESC, t.touch_key COLLATE "C" DESC
        ))[1] AS last_touch
    FROM touches AS t
    GROUP BY t.profile_id
),
stored AS (
    SELECT f.profile_id, f.first_touch, f.last_touch
    FROM crm_profilefacts AS f
    WHERE f.tenant_id = %(tenant_id)s
      AND (f.first_touch IS NOT NULL OR f.last_touch IS NOT NULL)
),
compared AS (
    SELECT
        COALESCE(r.profile_id, s.profile_id) AS profile_id,
        s.first_touch AS stored_first, r.first_touch AS right_first,
        s.last_touch AS stored_last, r.last_touch AS right_last
    FROM recomputed AS r
    FULL JOIN stored AS s ON s.profile_id = r.profile_id
)
SELECT c.profile_id, 'first touch' AS what, c.stored_first::text AS stored,
    c.right_first::text AS recomputed
FROM compared AS c
WHERE c.stored_first IS DISTINCT FROM c.right_first
UNION ALL
SELECT c.profile_id, 'last touch', c.stored_last::text, c.right_last::text
FROM compared AS c
WHERE c.stored_last IS DISTINCT FROM c.right_last
UNION ALL
SELECT t.profile_id, 'touch of order', t.profile_id::text, o.profile_id::text
FROM crm_touchpoint AS t
JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = t.order_id
WHERE t.tenant_id = %(tenant_id)s AND t.profile_id IS DISTINCT FROM o.profile_id
ORDER BY 1, 2
