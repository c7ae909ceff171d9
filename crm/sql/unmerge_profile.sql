-- Purpose: let a merged profile be itself again.
-- In: id. Out: nothing.
UPDATE crm_profile AS p
SET merged_into_id = NULL
WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
