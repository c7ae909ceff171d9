-- Purpose: let new identifiers point at their profiles.
-- In: kind, identifier, profile_id, store_id, seen_at (arrays of equal length).
-- Out: profile_id of each identifier that was free.
-- Why: sorted, so that two stores that bring the same people wait instead of deadlocking.
INSERT INTO crm_identity (
    tenant_id, kind, value_norm, profile_id, store_id, first_seen_at, last_seen_at
)
SELECT %(tenant_id)s, n.kind, n.identifier, n.profile_id, n.store_id, n.seen_at, n.seen_at
FROM unnest(
    %(kind)s::text[], %(identifier)s::text[], %(profile_id)s::bigint[], %(store_id)s::bigint[],
    %(seen_at)s::timestamptz[]
) AS n (kind, identifier, profile_id, store_id, seen_at)
ORDER BY n.kind, n.identifier
ON CONFLICT (tenant_id, kind, value_norm) DO NOTHING
RETURNING profile_id
