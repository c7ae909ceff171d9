-- Write what became of a batch of deliveries.
--
-- in:  tenant_id  bigint
--      ids        bigint[]
--      statuses   text[]
--      reasons    text[]
--      orders     text[]       the store's ids of the orders they are about; empty for none
--      now        timestamptz
UPDATE stores_inboxdelivery AS d
SET status = v.status,
    reason = v.reason,
    order_external_id = v.order_external_id,
    processed_at = %(now)s
FROM unnest(
    %(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(orders)s::text[]
) AS v (id, status, reason, order_external_id)
WHERE d.tenant_id = %(tenant_id)s
  AND d.id = v.id
