-- Purpose: never contact the addresses of erased people again, and keep nothing of them but digests.
-- In: channels, hashes (arrays of equal length); reason; now. Out: nothing.
WITH named AS (
    SELECT n.channel, n.address_hash
    FROM unnest(%(channels)s::text[], %(hashes)s::text[]) AS n (channel, address_hash)
),
blanked AS (
    UPDATE crm_suppression AS s
    SET address = '', detail = ''
    FROM named AS n
    WHERE s.tenant_id = %(tenant_id)s
      AND s.channel = n.channel
      AND s.address_hash = n.address_hash
      AND (s.address <> '' OR s.detail <> '')
)
INSERT INTO crm_suppression (
    tenant_id, channel, address_hash, reason, scope, created_at
)
SELECT %(tenant_id)s, n.channel, n.address_hash, %(reason)s, 'all', %(now)s
FROM named AS n
ON CONFLICT (tenant_id, channel, address_hash, reason) DO NOTHING
