-- What raw deliveries name people by: addresses, the stores' customer ids, and their orders.
--
-- in:  tenant_id    bigint
--      profile_ids  bigint[]
-- out: kind         email, phone, customer or order
--      value        as it stands in a body
SELECT 'email' AS kind, p.email AS value
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(profile_ids)s::bigint[]) AND p.email <> ''
UNION
SELECT
    CASE i.kind WHEN 'customer_id' THEN 'customer' ELSE i.kind END,
    CASE i.kind WHEN 'customer_id' THEN split_part(i.value_norm, ':', 2) ELSE i.value_norm END
FROM crm_identity AS i
WHERE i.tenant_id = %(tenant_id)s
  AND i.profile_id = ANY(%(profile_ids)s::bigint[])
  AND i.kind IN ('customer_id', 'email', 'phone')
UNION
SELECT 'order', o.external_id
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = ANY(%(profile_ids)s::bigint[])
