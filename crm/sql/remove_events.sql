-- Purpose: remove events with their dedupe keys, so that they may be recorded again.
-- In: keys. Out: profile_id of each event that was removed.
WITH gone AS (
    DELETE FROM crm_eventkey AS k
    WHERE k.tenant_id = %(tenant_id)s AND k.dedupe_key = ANY(%(keys)s::text[])
    RETURNING k.event_id, k.occurred_at
)
DELETE FROM crm_event AS e
USING gone AS g
WHERE e.tenant_id = %(tenant_id)s AND e.occurred_at = g.occurred_at AND e.id = g.event_id
RETURNING e.profile_id
