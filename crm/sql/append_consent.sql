-- Purpose: append statements of consent that are not in the history yet.
-- In: profile_id, channel, state, method, detail, occurred_at (arrays of equal length); now.
-- Out: nothing.
INSERT INTO crm_consentevent (
    tenant_id, profile_id, channel, state, method, detail, occurred_at, recorded_at
)
SELECT
    %(tenant_id)s, n.profile_id, n.channel, n.state, n.method, n.detail, n.occurred_at, %(now)s
FROM unnest(
    %(profile_id)s::bigint[], %(channel)s::text[], %(state)s::text[], %(method)s::text[],
    %(detail)s::text[], %(occurred_at)s::timestamptz[]
) AS n (profile_id, channel, state, method, detail, occurred_at)
WHERE NOT EXISTS (
    SELECT 1
    FROM crm_consentevent AS c
    WHERE c.tenant_id = %(tenant_id)s
      AND c.profile_id = n.profile_id
      AND c.channel = n.channel
      AND c.topic = ''
      AND c.state = n.state
      AND c.occurred_at IS NOT DISTINCT FROM n.occurred_at
)
ON CONFLICT DO NOTHING
