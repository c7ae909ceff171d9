-- Purpose: empty the rows of erased profiles, and those of profiles that became part of them;
--   the rows stay for what points at their ids.
-- In: ids; now. Out: id and merged_into_id of those that were not erased before.
UPDATE crm_profile AS p
SET email = '', email_norm = '', phone = '', first_name = '', last_name = '', name_norm = '',
    locale = '', timezone = '', country = '', region = '', city = '', postcode = '',
    properties = '{}', tags = '{}', erased_at = %(now)s, updated_at = %(now)s
WHERE p.tenant_id = %(tenant_id)s AND p.erased_at IS NULL
  AND (p.id = ANY(%(ids)s::bigint[]) OR p.merged_into_id = ANY(%(ids)s::bigint[]))
RETURNING p.id, p.merged_into_id
