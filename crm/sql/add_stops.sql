-- Purpose: never contact some addresses again, each for its own reason.
-- In: channels, hashes, addresses, reasons, scopes (arrays of equal length, no pair of channel, hash
--   and reason twice); until (NULL is for ever), detail and actor of all; now. Out: id, channel,
--   address, reason, scope, is_new of those of which more is stopped now than before.
-- Why: one that has run out is as good as none and begins anew. One in force is widened, in what it
--   stops and for how long, and never narrowed; it stays the row that it was.
INSERT INTO crm_suppression AS s (
    tenant_id, channel, address_hash, address, reason, scope, until, detail, actor, created_at
)
SELECT
    %(tenant_id)s, n.channel, n.address_hash, n.address, n.reason, n.scope,
    %(until)s::timestamptz, %(detail)s, %(actor)s, %(now)s
FROM unnest(
    %(channels)s::text[], %(hashes)s::text[], %(addresses)s::text[], %(reasons)s::text[],
    %(scopes)s::text[]
) AS n (channel, address_hash, address, reason, scope)
ON CONFLICT (tenant_id, channel, address_hash, reason) DO UPDATE
SET address = CASE WHEN s.until <= %(now)s THEN EXCLUDED.address ELSE s.address END,
    scope = CASE
        WHEN s.scope = 'all' AND (s.until IS NULL OR s.until > %(now)s) THEN s.scope
        ELSE EXCLUDED.scope
    END,
    until = CASE
        WHEN s.until IS NULL OR EXCLUDED.until IS NULL THEN NULL
        ELSE GREATEST(s.until, EXCLUDED.until)
    END,
    detail = EXCLUDED.detail,
    actor = EXCLUDED.actor,
    created_at = CASE WHEN s.until <= %(now)s THEN EXCLUDED.created_at ELSE s.created_at END
WHERE s.until <= %(now)s
   OR (s.scope <> 'all' AND EXCLUDED.scope = 'all')
   OR EXCLUDED.until > s.until
   OR (s.until IS NOT NULL AND EXCLUDED.until IS NULL)
RETURNING s.id, s.channel, s.address, s.reason, s.scope, s.created_at = %(now)s AS is_new
