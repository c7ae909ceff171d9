-- Purpose: orders as they stand, to be compared or put back later; locked until the commit.
-- In: store_id and external_ids, or ids (the others NULL); with_rows (boolean: also their columns).
-- Out: id, external_id, profile_id, mark (what two equal versions have in common), order_row and
--   line_rows (JSON text, NULL without with_rows).
SELECT
    o.id, o.external_id, o.profile_id,
    concat_ws(' ', o.source_hash, extract(epoch FROM o.source_version_at)) AS mark,
    CASE WHEN %(with_rows)s THEN (to_jsonb(o) - 'tenant_id' - 'state')::text END AS order_row,
    CASE WHEN %(with_rows)s THEN (
        SELECT COALESCE(jsonb_agg(to_jsonb(l) - 'tenant_id' ORDER BY l.id), '[]')::text
        FROM crm_orderline AS l
        WHERE l.tenant_id = %(tenant_id)s AND l.order_id = o.id
    ) END AS line_rows
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s
  AND (
    o.id = ANY(%(ids)s::bigint[])
    OR (o.store_id = %(store_id)s AND o.external_id = ANY(%(external_ids)s::text[]))
  )
ORDER BY o.id
FOR NO KEY UPDATE OF o
