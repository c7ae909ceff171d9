-- messaging/sql/find_left_behind.sql
-- Which profiles are known only to storefronts whose app was removed.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]
-- out: profile_id
-- why: a storefront knows a person by an order or by its customer id. Stores of the platform
--      custom take files and API calls and are no storefronts. Whom none of them knows belongs
--      to all of them.
WITH storefront AS (
    SELECT s.id, s.status = 'connected' AS is_connected
    FROM crm_store AS s
    WHERE s.tenant_id = %(tenant_id)s
      AND s.platform <> 'custom'
),
known AS (
    SELECT o.profile_id, o.store_id
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.profile_id = ANY(%(profile_ids)s::bigint[])
    UNION
    SELECT i.profile_id, i.store_id
    FROM crm_identity AS i
    WHERE i.tenant_id = %(tenant_id)s
      AND i.profile_id = ANY(%(profile_ids)s::bigint[])
      AND i.store_id IS NOT NULL
),
asked AS (
    SELECT a.profile_id, bool_or(f.is_connected) AS has_connected
    FROM unnest(%(profile_ids)s::bigint[]) AS a (profile_id)
    LEFT JOIN (known AS k JOIN storefront AS f ON f.id = k.store_id)
        ON k.profile_id = a.profile_id
    GROUP BY a.profile_id
)
SELECT a.profile_id
FROM asked AS a
WHERE NOT coalesce(
    a.has_connected, (SELECT bool_or(f.is_connected) FROM storefront AS f), true
)
