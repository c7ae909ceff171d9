-- Purpose: recompute what profiles last did, after a merge, its undoing, or when somebody became
--   known. In: ids. Out: ids of the profiles whose times changed.
WITH times AS (
    {crm.behaviour_times}
)
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, last_viewed_at, last_carted_at, last_checkout_at, last_searched_at
)
SELECT %(tenant_id)s, p.id, t.viewed_at, t.carted_at, t.checkout_at, t.searched_at
FROM crm_profile AS p
LEFT JOIN times AS t ON t.profile_id = p.id
LEFT JOIN crm_profilefacts AS k ON k.tenant_id = %(tenant_id)s AND k.profile_id = p.id
WHERE p.tenant_id = %(tenant_id)s
  AND p.id = ANY(%(ids)s::bigint[])
  AND p.merged_into_id IS NULL
  AND p.erased_at IS NULL
  AND NOT p.is_anonymous
  AND (t.profile_id IS NOT NULL OR k.profile_id IS NOT NULL)
ORDER BY p.id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    last_viewed_at = EXCLUDED.last_viewed_at,
    last_carted_at = EXCLUDED.last_carted_at,
    last_checkout_at = EXCLUDED.last_checkout_at,
    last_searched_at = EXCLUDED.last_searched_at
WHERE (f.last_viewed_at, f.last_carted_at, f.last_checkout_at, f.last_searched_at)
    IS DISTINCT FROM (
        EXCLUDED.last_viewed_at, EXCLUDED.last_carted_at, EXCLUDED.last_checkout_at,
        EXCLUDED.last_searched_at
    )
RETURNING profile_id
