-- Purpose: find people of whom something happened that is no word about their own profile.
-- In: ids (of profiles); names (of events that do not count). Out: profile_id.
SELECT DISTINCT e.profile_id
FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s
  AND e.profile_id = ANY(%(ids)s::bigint[])
  AND e.source <> 'system'
  AND e.name <> ALL(%(names)s::text[])
