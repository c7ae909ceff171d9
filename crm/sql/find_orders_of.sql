-- Purpose: find the orders that refunds and shipments name.
-- In: store_id, external_ids. Out: id, external_id, profile_id, number, is_test, is_erased,
--   channel.
SELECT o.id, o.external_id, o.profile_id, o.number, o.is_test, o.is_erased, o.channel
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s
  AND o.store_id = %(store_id)s
  AND o.external_id = ANY(%(external_ids)s::text[])
