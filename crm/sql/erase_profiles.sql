-- Purpose: empty the rows of erased profiles; the row stays for what points at its id.
-- In: ids; now. Out: ids of those that were not erased before.
UPDATE crm_profile AS p
SET email = '', email_norm = '', phone = '', first_name = '', last_name = '', name_norm = '',
    locale = '', timezone = '', country = '', region = '', city = '', postcode = '',
    properties = '{}', tags = '{}', erased_at = %(now)s, updated_at = %(now)s
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[]) AND p.erased_at IS NULL
RETURNING p.id
