-- Purpose: what decides which of several profiles stays when they are merged.
-- In: ids. Out: id, is_anonymous, has_customer (a store's customer id points at it), order_count,
--   created_at.
SELECT
    p.id,
    p.is_anonymous,
    p.created_at,
    EXISTS (
        SELECT 1
        FROM crm_identity AS i
        WHERE i.tenant_id = %(tenant_id)s AND i.profile_id = p.id AND i.kind = 'customer_id'
    ) AS has_customer,
    (
        SELECT count(*)
        FROM crm_order AS o
        WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = p.id
    ) AS order_count
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
