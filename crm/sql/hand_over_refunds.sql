-- Purpose: let the refunds of orders that changed hands follow to the new profile.
-- In: ids (of orders), profile_ids (arrays of equal length). Out: nothing.
UPDATE crm_refund AS r
SET profile_id = n.profile_id
FROM unnest(%(ids)s::bigint[], %(profile_ids)s::bigint[]) AS n (order_id, profile_id)
WHERE r.tenant_id = %(tenant_id)s
  AND r.order_id = n.order_id
  AND r.order_id = ANY(%(ids)s::bigint[])
