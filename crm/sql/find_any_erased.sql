-- Purpose: whether this tenant has erased anybody at all, which most have not.
-- In: nothing. Out: one row, or none.
SELECT s.id
FROM crm_suppression AS s
WHERE s.tenant_id = %(tenant_id)s AND s.reason = 'erased'
LIMIT 1
