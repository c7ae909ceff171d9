-- Write what became of a batch of deliveries.
--
-- in:  tenant_id  bigint
--      ids        bigint[]
--      statuses   text[]
--      reasons    text[]
--      now        timestamptz
UPDATE stores_inboxdelivery AS d
SET status = v.status,
    reason = v.reason,
    processed_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[]) AS v (id, status, reason)
WHERE d.tenant_id = %(tenant_id)s
  AND d.id = v.id
