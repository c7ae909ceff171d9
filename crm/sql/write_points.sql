-- Purpose: keep points balances where conditions can filter them.
-- In: profile_id, balance (arrays of equal length, each profile once).
-- Out: ids of the profiles whose balance changed.
INSERT INTO crm_profilefacts AS f (tenant_id, profile_id, points_balance)
SELECT %(tenant_id)s, n.profile_id, n.balance
FROM unnest(%(profile_id)s::bigint[], %(balance)s::bigint[]) AS n (profile_id, balance)
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.profile_id
WHERE p.id = ANY(%(profile_id)s::bigint[]) AND p.merged_into_id IS NULL AND p.erased_at IS NULL
ORDER BY n.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET points_balance = EXCLUDED.points_balance
WHERE f.points_balance <> EXCLUDED.points_balance
RETURNING profile_id
