-- Purpose: keep the orders of erased people as figures, without anything of them.
-- In: ids (of profiles). Out: ids of the orders.
UPDATE crm_order AS o
SET profile_id = NULL, email = '', phone = '', city = '', is_erased = true
WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = ANY(%(ids)s::bigint[])
RETURNING o.id
