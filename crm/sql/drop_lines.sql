-- Purpose: drop the lines that changed orders no longer have.
-- In: ids (of those orders); order_ids, line_keys (the lines they have, arrays of equal length).
-- Out: nothing.
DELETE FROM crm_orderline AS l
WHERE l.tenant_id = %(tenant_id)s
  AND l.order_id = ANY(%(ids)s::bigint[])
  AND NOT EXISTS (
    SELECT 1
    FROM unnest(%(order_ids)s::bigint[], %(line_keys)s::text[]) AS n (order_id, line_key)
    WHERE n.order_id = l.order_id AND n.line_key = l.line_key
  )
