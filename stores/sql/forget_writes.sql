-- Delete what is to be written, or was, about customers who are about to be erased.
--
-- in:  tenant_id    bigint
--      profile_ids  bigint[]
DELETE FROM stores_storewrite AS w
USING stores_writelane AS l, crm_identity AS i
WHERE w.tenant_id = %(tenant_id)s
  AND l.tenant_id = %(tenant_id)s
  AND l.id = w.lane_id
  AND l.kind <> 'codes'
  AND i.tenant_id = %(tenant_id)s
  AND i.profile_id = ANY(%(profile_ids)s::bigint[])
  AND i.kind = 'customer_id'
  AND i.store_id = l.store_id
  AND w.subject = substr(i.value_norm, strpos(i.value_norm, ':') + 1)
