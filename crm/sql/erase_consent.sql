-- Purpose: keep the proof of consent without what identifies the person.
-- In: ids (of profiles). Out: nothing.
UPDATE crm_consentevent AS c
SET ip = NULL, user_agent = '', source_url = '', detail = ''
WHERE c.tenant_id = %(tenant_id)s AND c.profile_id = ANY(%(ids)s::bigint[])
