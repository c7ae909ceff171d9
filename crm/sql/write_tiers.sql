-- Purpose: keep loyalty tiers where conditions can filter them.
-- In: profile_id, tier, rank, ends_at, tier_after, rank_after (arrays of equal length, each profile
--     once); empty and 0: none; ends_at NULL: never by time alone.
-- Out: ids of the profiles of whom something changed.
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, loyalty_tier, loyalty_rank, tier_ends_at, tier_after, rank_after
)
SELECT
    %(tenant_id)s, n.profile_id, n.tier, n.rank, n.ends_at, n.tier_after, n.rank_after
FROM unnest(
    %(profile_id)s::bigint[], %(tier)s::text[], %(rank)s::smallint[], %(ends_at)s::timestamptz[],
    %(tier_after)s::text[], %(rank_after)s::smallint[]
) AS n (profile_id, tier, rank, ends_at, tier_after, rank_after)
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.profile_id
WHERE p.id = ANY(%(profile_id)s::bigint[]) AND p.merged_into_id IS NULL AND p.erased_at IS NULL
ORDER BY n.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    loyalty_tier = EXCLUDED.loyalty_tier,
    loyalty_rank = EXCLUDED.loyalty_rank,
    tier_ends_at = EXCLUDED.tier_ends_at,
    tier_after = EXCLUDED.tier_after,
    rank_after = EXCLUDED.rank_after
WHERE (f.loyalty_tier, f.loyalty_rank, f.tier_ends_at, f.tier_after, f.rank_after)
    IS DISTINCT FROM (
        EXCLUDED.loyalty_tier, EXCLUDED.loyalty_rank, EXCLUDED.tier_ends_at,
        EXCLUDED.tier_after, EXCLUDED.rank_after
    )
RETURNING profile_id
