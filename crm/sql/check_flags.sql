-- Purpose: find products whose flags are not what the rules and what was said by hand give them.
-- In: nothing. Out: id, stored, recomputed.
WITH wanted AS (
    SELECT p.id, p.category, p.brand, p.flags_by_hand
    FROM crm_product AS p
    WHERE p.tenant_id = %(tenant_id)s
),
ruled AS (
    {crm.flags_as_ruled}
)
SELECT p.id, p.flags AS stored, r.right_flags AS recomputed
FROM ruled AS r
JOIN crm_product AS p ON p.tenant_id = %(tenant_id)s AND p.id = r.id
WHERE p.flags <> r.right_flags
ORDER BY p.id
