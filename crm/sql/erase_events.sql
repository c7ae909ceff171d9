-- Purpose: keep that something happened, without whom it happened to.
-- In: ids (of profiles). Out: nothing.
UPDATE crm_event AS e
SET profile_id = NULL, properties = '{}'
WHERE e.tenant_id = %(tenant_id)s AND e.profile_id = ANY(%(ids)s::bigint[])
