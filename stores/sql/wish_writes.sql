-- Keep the newest wish for each customer or code of a store; what is wished already changes nothing.
--
-- in:  tenant_id  bigint
--      lanes      bigint[]
--      subjects   text[]     no two equal in one lane
--      wanted     text[]     JSON
--      urgencies  smallint[]
--      empties    bool[]     whether nothing is wished: that matters only where something was
--      now        timestamptz
-- out: lane_id               of each wish that is new
INSERT INTO stores_storewrite AS w (
    tenant_id, lane_id, subject, value, version, memo, state, urgency, attempts, due_at, reason,
    wished_at
)
SELECT
    %(tenant_id)s, n.lane_id, n.subject, n.value::jsonb, 1, '{}'::jsonb, 'waiting', n.urgency, 0,
    %(now)s, '', %(now)s
FROM unnest(
    %(lanes)s::bigint[], %(subjects)s::text[], %(wanted)s::text[], %(urgencies)s::smallint[],
    %(empties)s::bool[]
) AS n (lane_id, subject, value, urgency, is_empty)
WHERE NOT n.is_empty OR EXISTS (
    SELECT 1
    FROM stores_storewrite AS k
    WHERE k.tenant_id = %(tenant_id)s AND k.lane_id = n.lane_id AND k.subject = n.subject
)
ORDER BY n.lane_id, n.subject
ON CONFLICT (tenant_id, lane_id, subject) DO UPDATE
SET value = excluded.value,
    version = w.version + 1,
    state = 'waiting',
    urgency = excluded.urgency,
    attempts = 0,
    due_at = excluded.due_at,
    reason = '',
    wished_at = excluded.wished_at
WHERE w.value IS DISTINCT FROM excluded.value
RETURNING w.lane_id
