-- Purpose: profiles that are known through one store and no other.
-- In: store_id. Out: id.
WITH theirs AS (
    SELECT i.profile_id
    FROM crm_identity AS i
    WHERE i.tenant_id = %(tenant_id)s AND i.store_id = %(store_id)s
    UNION
    SELECT o.profile_id
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.store_id = %(store_id)s AND o.profile_id IS NOT NULL
),
elsewhere AS (
    SELECT i.profile_id
    FROM crm_identity AS i
    WHERE i.tenant_id = %(tenant_id)s AND i.store_id <> %(store_id)s
    UNION
    SELECT o.profile_id
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.store_id <> %(store_id)s AND o.profile_id IS NOT NULL
)
SELECT t.profile_id AS id
FROM theirs AS t
WHERE NOT EXISTS (SELECT 1 FROM elsewhere AS e WHERE e.profile_id = t.profile_id)
ORDER BY t.profile_id
