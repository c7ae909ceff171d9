-- Purpose: give refunds that came before their orders their order and profile.
-- In: ids, order_ids, profile_ids (arrays of equal length). Out: nothing.
UPDATE crm_refund AS r
SET order_id = n.order_id, profile_id = n.profile_id
FROM unnest(%(ids)s::bigint[], %(order_ids)s::bigint[], %(profile_ids)s::bigint[])
    AS n (id, order_id, profile_id)
WHERE r.tenant_id = %(tenant_id)s AND r.id = n.id AND r.id = ANY(%(ids)s::bigint[])
