-- Purpose: keep points balances where conditions can filter them.
-- In: profile_id, balance, pending, expiring, expire_at (arrays of equal length, each profile once).
-- Out: ids of the profiles of which something changed.
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, points_balance, points_pending, points_expiring, points_expire_at
)
SELECT %(tenant_id)s, n.profile_id, n.balance, n.pending, n.expiring, n.expire_at
FROM unnest(
    %(profile_id)s::bigint[], %(balance)s::bigint[], %(pending)s::bigint[],
    %(expiring)s::bigint[], %(expire_at)s::timestamptz[]
) AS n (profile_id, balance, pending, expiring, expire_at)
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.profile_id
WHERE p.id = ANY(%(profile_id)s::bigint[]) AND p.merged_into_id IS NULL AND p.erased_at IS NULL
ORDER BY n.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    points_balance = EXCLUDED.points_balance,
    points_pending = EXCLUDED.points_pending,
    points_expiring = EXCLUDED.points_expiring,
    points_expire_at = EXCLUDED.points_expire_at
WHERE (f.points_balance, f.points_pending, f.points_expiring, f.points_expire_at)
    IS DISTINCT FROM (
        EXCLUDED.points_balance, EXCLUDED.points_pending,
        EXCLUDED.points_expiring, EXCLUDED.points_expire_at
    )
RETURNING profile_id
