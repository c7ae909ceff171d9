-- Purpose: keep loyalty tiers where conditions can filter them.
-- In: profile_id, tier, rank (arrays of equal length, each profile once); empty and 0: none.
-- Out: ids of the profiles whose tier changed.
INSERT INTO crm_profilefacts AS f (tenant_id, profile_id, loyalty_tier, loyalty_rank)
SELECT %(tenant_id)s, n.profile_id, n.tier, n.rank
FROM unnest(%(profile_id)s::bigint[], %(tier)s::text[], %(rank)s::smallint[])
    AS n (profile_id, tier, rank)
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.profile_id
WHERE p.id = ANY(%(profile_id)s::bigint[]) AND p.merged_into_id IS NULL AND p.erased_at IS NULL
ORDER BY n.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    loyalty_tier = EXCLUDED.loyalty_tier,
    loyalty_rank = EXCLUDED.loyalty_rank
WHERE (f.loyalty_tier, f.loyalty_rank)
    IS DISTINCT FROM (EXCLUDED.loyalty_tier, EXCLUDED.loyalty_rank)
RETURNING profile_id
