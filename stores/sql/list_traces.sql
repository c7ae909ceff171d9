-- What raw deliveries name people by: addresses, the stores' customer ids, and their orders.
--
-- in:  tenant_id    bigint
--      profile_ids  bigint[]
-- out: kind         email, phone, customer or order
--      value        as its store calls it
--      store_id     of a customer or order; NULL for an address, which any store may name
SELECT v.kind, v.value, NULL::bigint AS store_id
FROM crm_profile AS p
CROSS JOIN LATERAL (VALUES ('email', p.email), ('phone', p.phone)) AS v (kind, value)
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(profile_ids)s::bigint[]) AND v.value <> ''
UNION
SELECT
    CASE i.kind WHEN 'customer_id' THEN 'customer' ELSE i.kind END,
    CASE i.kind
        WHEN 'customer_id' THEN substr(i.value_norm, strpos(i.value_norm, ':') + 1)
        ELSE i.value_norm
    END,
    i.store_id
FROM crm_identity AS i
WHERE i.tenant_id = %(tenant_id)s
  AND i.profile_id = ANY(%(profile_ids)s::bigint[])
  AND i.kind IN ('customer_id', 'email', 'phone')
UNION
SELECT 'order', o.external_id, o.store_id
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = ANY(%(profile_ids)s::bigint[])
