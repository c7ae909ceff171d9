-- Purpose: remove what events say of people's own profiles.
-- In: ids (of profiles); names (of events without a dedupe key). Out: nothing.
DELETE FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s
  AND e.profile_id = ANY(%(ids)s::bigint[])
  AND e.name = ANY(%(names)s::text[])
