-- Purpose: tell whether many reactions wait, as during an import.
-- In: tenant_id; count.
-- Out: one row when more than count wait.
SELECT r.id
FROM crm_reaction AS r
WHERE r.tenant_id = %(tenant_id)s
OFFSET %(count)s
LIMIT 1
