-- Purpose: find dedupe keys whose event does not exist.
-- In: nothing. Out: dedupe_key.
SELECT k.dedupe_key
FROM crm_eventkey AS k
WHERE k.tenant_id = %(tenant_id)s
  AND NOT EXISTS (
    SELECT 1
    FROM crm_event AS e
    WHERE e.tenant_id = %(tenant_id)s AND e.occurred_at = k.occurred_at AND e.id = k.event_id
  )
ORDER BY k.dedupe_key
