-- Purpose: note when profiles last looked at a product, filled a cart, went to the checkout or
--   searched; an older time changes nothing.
-- In: profile_id, viewed_at, carted_at, checkout_at, searched_at (arrays of equal length, NULL where
--   nothing is new).
-- Out: ids of the profiles whose times changed.
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, last_viewed_at, last_carted_at, last_checkout_at, last_searched_at
)
SELECT
    %(tenant_id)s, COALESCE(p.merged_into_id, p.id), max(n.viewed_at), max(n.carted_at),
    max(n.checkout_at), max(n.searched_at)
FROM unnest(
    %(profile_id)s::bigint[], %(viewed_at)s::timestamptz[], %(carted_at)s::timestamptz[],
    %(checkout_at)s::timestamptz[], %(searched_at)s::timestamptz[]
) AS n (profile_id, viewed_at, carted_at, checkout_at, searched_at)
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.profile_id
WHERE p.id = ANY(%(profile_id)s::bigint[]) AND p.erased_at IS NULL
GROUP BY COALESCE(p.merged_into_id, p.id)
ORDER BY COALESCE(p.merged_into_id, p.id)
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    last_viewed_at = GREATEST(f.last_viewed_at, EXCLUDED.last_viewed_at),
    last_carted_at = GREATEST(f.last_carted_at, EXCLUDED.last_carted_at),
    last_checkout_at = GREATEST(f.last_checkout_at, EXCLUDED.last_checkout_at),
    last_searched_at = GREATEST(f.last_searched_at, EXCLUDED.last_searched_at)
WHERE EXCLUDED.last_viewed_at > COALESCE(f.last_viewed_at, '-infinity')
   OR EXCLUDED.last_carted_at > COALESCE(f.last_carted_at, '-infinity')
   OR EXCLUDED.last_checkout_at > COALESCE(f.last_checkout_at, '-infinity')
   OR EXCLUDED.last_searched_at > COALESCE(f.last_searched_at, '-infinity')
RETURNING profile_id
