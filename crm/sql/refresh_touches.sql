-- Purpose: recompute first and last touch of known profiles from where their visits came from.
-- In: ids. Out: ids of the profiles whose first or last touch changed.
-- Why: the first is the earliest, the last one the latest that is not direct, ties by key, so that
--   the outcome does not depend on the order of arrival. check_touches says the same.
WITH wanted AS (
    SELECT p.id AS profile_id
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s
      AND p.id = ANY(%(ids)s::bigint[])
      AND p.merged_into_id IS NULL
      AND p.erased_at IS NULL
      AND NOT p.is_anonymous
),
touches AS (
    SELECT
        t.profile_id, t.occurred_at, t.touch_key, t.source = 'direct' AS is_direct,
        jsonb_build_object(
            'source', t.source, 'medium', t.medium, 'campaign', t.campaign,
            'content', t.content, 'term', t.term,
            'at', to_char(t.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'landing_page', t.landing_page, 'referrer', t.referrer
        ) AS touch
    FROM crm_touchpoint AS t
    WHERE t.tenant_id = %(tenant_id)s AND t.profile_id = ANY(%(ids)s::bigint[])
),
firsts AS (
    SELECT DISTINCT ON (t.profile_id) t.profile_id, t.touch
    FROM touches AS t
    ORDER BY t.profile_id, t.occurred_at, t.touch_key COLLATE "C"
),
lasts AS (
    SELECT DISTINCT ON (t.profile_id) t.profile_id, t.touch
    FROM touches AS t
    ORDER BY t.profile_id, t.is_direct, t.occurred_at DESC, t.touch_key COLLATE "C" DESC
)
INSERT INTO crm_profilefacts AS f (tenant_id, profile_id, first_touch, last_touch)
SELECT %(tenant_id)s, w.profile_id, a.touch, z.touch
FROM wanted AS w
LEFT JOIN firsts AS a ON a.profile_id = w.profile_id
LEFT JOIN lasts AS z ON z.profile_id = w.profile_id
WHERE a.profile_id IS NOT NULL OR EXISTS (
    SELECT 1 FROM crm_profilefacts AS k
    WHERE k.tenant_id = %(tenant_id)s AND k.profile_id = w.profile_id
)
ORDER BY w.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    first_touch = EXCLUDED.first_touch,
    last_touch = EXCLUDED.last_touch
WHERE (f.first_touch, f.last_touch)
    IS DISTINCT FROM (EXCLUDED.first_touch, EXCLUDED.last_touch)
RETURNING profile_id
