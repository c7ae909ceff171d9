-- Purpose: hand reactions on to a later handler.
-- In: ids; steps, how many handlers they have met. Out: nothing.
UPDATE crm_reaction AS r
SET stage = r.stage + %(steps)s, failures = 0, not_before = NULL, reason = ''
WHERE r.tenant_id = %(tenant_id)s AND r.id = ANY(%(ids)s::bigint[])
