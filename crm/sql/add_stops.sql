-- Purpose: never contact some addresses again, each for its own reason.
-- In: channels, hashes, reasons, scopes (arrays of equal length); now. Out: nothing.
INSERT INTO crm_suppression (
    tenant_id, channel, address_hash, reason, scope, created_at
)
SELECT %(tenant_id)s, n.channel, n.address_hash, n.reason, n.scope, %(now)s
FROM unnest(%(channels)s::text[], %(hashes)s::text[], %(reasons)s::text[], %(scopes)s::text[])
    AS n (channel, address_hash, reason, scope)
ON CONFLICT (tenant_id, channel, address_hash, reason) DO NOTHING
