-- Purpose: drop the lines that changed orders no longer have.
-- In: ids (of those orders); order_ids, line_keys (the lines they have, arrays of equal length).
-- Out: nothing.
DELETE FROM crm_orderline AS l
WHERE l.tenant_id = %(tenant_id)s
  AND l.order_id = ANY(%(ids)s::bigint[])
  AND (l.order_id, l.line_key) NOT IN (
    SELECT n.order_id, n.line_key
    FROM unnest(%(order_ids)s::bigint[], %(line_keys)s::text[]) AS n (order_id, line_key)
  )
