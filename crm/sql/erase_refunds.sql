-- Purpose: likewise their refunds.
-- In: ids (of profiles). Out: nothing.
UPDATE crm_refund AS r
SET profile_id = NULL, note = ''
WHERE r.tenant_id = %(tenant_id)s AND r.profile_id = ANY(%(ids)s::bigint[])
