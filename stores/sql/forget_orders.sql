-- Empty the raw deliveries that were about orders of people who are about to be erased.
--
-- in:  tenant_id    bigint
--      profile_ids  bigint[]
--      note         text
--
-- Found by the index of orders. Waiting deliveries stay: what they bring is refused by the
-- suppression that erasure leaves.
UPDATE stores_inboxdelivery AS d
SET body = '\x7b7d',
    status = CASE WHEN d.status = 'quarantined' THEN 'ignored' ELSE d.status END,
    reason = %(note)s
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s
  AND o.profile_id = ANY(%(profile_ids)s::bigint[])
  AND d.tenant_id = %(tenant_id)s
  AND d.store_id = o.store_id
  AND d.order_external_id = o.external_id
  AND d.order_external_id <> ''
  AND d.status <> 'pending'
  AND d.body <> '\x7b7d'
