-- Purpose: give events of nobody to the people to whom their orders were given.
-- In: dedupe_keys, profile_ids (arrays of equal length). Out: nothing.
-- Why: by their keys, so that the cost follows the number of orders; the time finds the partition.
UPDATE crm_event AS e
SET profile_id = n.profile_id
FROM unnest(%(dedupe_keys)s::text[], %(profile_ids)s::bigint[]) AS n (dedupe_key, profile_id)
JOIN crm_eventkey AS k ON k.tenant_id = %(tenant_id)s AND k.dedupe_key = n.dedupe_key
WHERE e.tenant_id = %(tenant_id)s
  AND e.id = k.event_id
  AND e.occurred_at = k.occurred_at
  AND e.profile_id IS NULL
