-- Purpose: hand reactions on to their next handler.
-- In: ids. Out: nothing.
UPDATE crm_reaction AS r
SET stage = r.stage + 1, failures = 0, not_before = NULL, reason = ''
WHERE r.tenant_id = %(tenant_id)s AND r.id = ANY(%(ids)s::bigint[])
