-- Purpose: never contact some addresses again.
-- In: channels, hashes (arrays of equal length); reason; now. Out: nothing.
INSERT INTO crm_suppression (
    tenant_id, channel, address_hash, reason, scope, created_at
)
SELECT %(tenant_id)s, n.channel, n.address_hash, %(reason)s, 'all', %(now)s
FROM unnest(%(channels)s::text[], %(hashes)s::text[]) AS n (channel, address_hash)
ON CONFLICT (tenant_id, channel, address_hash, reason) DO NOTHING
