-- Purpose: let products have the flags that the rules and what was said by hand give them.
-- In: ids. Out: id of those whose flags changed.
WITH wanted AS (
    SELECT p.id, p.category, p.brand, p.flags_by_hand
    FROM crm_product AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
),
ruled AS (
    {crm.flags_as_ruled}
)
UPDATE crm_product AS p
SET flags = r.right_flags
FROM ruled AS r
WHERE p.tenant_id = %(tenant_id)s AND p.id = r.id AND p.flags <> r.right_flags
RETURNING p.id
