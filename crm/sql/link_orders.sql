-- Purpose: give orders of nobody to the people whose address they carry.
-- In: ids (of orders), profile_ids, emails (arrays of equal length); now. Out: nothing.
UPDATE crm_order AS o
SET profile_id = n.profile_id, email = n.email, updated_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(profile_ids)s::bigint[], %(emails)s::text[])
    AS n (id, profile_id, email)
WHERE o.tenant_id = %(tenant_id)s AND o.id = n.id AND o.profile_id IS NULL
