-- Purpose: drop reactions whose last handler has run.
-- In: ids. Out: nothing.
DELETE FROM crm_reaction AS r
WHERE r.tenant_id = %(tenant_id)s AND r.id = ANY(%(ids)s::bigint[])
