-- Purpose: keep beside the other facts which carts wait, and what they are worth.
-- In: profile_ids, times, amounts (arrays of equal length; NULL: no cart waits).
-- Out: ids of the profiles whose facts changed.
INSERT INTO crm_profilefacts AS f (tenant_id, profile_id, cart_at, cart_minor)
SELECT %(tenant_id)s, n.profile_id, n.cart_at, n.cart_minor
FROM unnest(%(profile_ids)s::bigint[], %(times)s::timestamptz[], %(amounts)s::bigint[])
    AS n (profile_id, cart_at, cart_minor)
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.profile_id
LEFT JOIN crm_profilefacts AS k ON k.tenant_id = %(tenant_id)s AND k.profile_id = n.profile_id
WHERE p.erased_at IS NULL AND (n.cart_at IS NOT NULL OR k.cart_at IS NOT NULL)
ORDER BY n.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    cart_at = EXCLUDED.cart_at,
    cart_minor = EXCLUDED.cart_minor
WHERE (f.cart_at, f.cart_minor) IS DISTINCT FROM (EXCLUDED.cart_at, EXCLUDED.cart_minor)
RETURNING profile_id
