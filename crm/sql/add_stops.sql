-- Purpose: never contact some addresses again, each for its own reason.
-- In: channels, hashes, addresses, reasons, scopes (arrays of equal length, no pair of channel, hash
--   and reason twice); detail and actor of all; now. Out: id, channel, address, reason of those
--   that were not stopped so before.
-- Why: one that has run out is as good as none and begins anew.
INSERT INTO crm_suppression AS s (
    tenant_id, channel, address_hash, address, reason, scope, detail, actor, created_at
)
SELECT
    %(tenant_id)s, n.channel, n.address_hash, n.address, n.reason, n.scope, %(detail)s, %(actor)s,
    %(now)s
FROM unnest(
    %(channels)s::text[], %(hashes)s::text[], %(addresses)s::text[], %(reasons)s::text[],
    %(scopes)s::text[]
) AS n (channel, address_hash, address, reason, scope)
ON CONFLICT (tenant_id, channel, address_hash, reason) DO UPDATE
SET address = EXCLUDED.address,
    scope = EXCLUDED.scope,
    until = NULL,
    detail = EXCLUDED.detail,
    actor = EXCLUDED.actor,
    created_at = EXCLUDED.created_at
WHERE s.until <= %(now)s
RETURNING s.id, s.channel, s.address, s.reason
