-- Purpose: refunds as they stand, to be compared or put back later; locked until the commit.
-- In: store_id and external_ids, or ids (the others NULL); with_rows (boolean: also their columns).
-- Out: id, external_id, order_id, profile_id, mark (what two equal versions have in common), and
--   refund_row (JSON text, NULL without with_rows).
SELECT
    r.id, r.external_id, r.order_id, r.profile_id,
    concat_ws(' ', r.source_hash, extract(epoch FROM r.source_version_at)) AS mark,
    CASE WHEN %(with_rows)s THEN (to_jsonb(r) - 'tenant_id')::text END AS refund_row
FROM crm_refund AS r
WHERE r.tenant_id = %(tenant_id)s
  AND (
    r.id = ANY(%(ids)s::bigint[])
    OR (r.store_id = %(store_id)s AND r.external_id = ANY(%(external_ids)s::text[]))
  )
ORDER BY r.id
FOR NO KEY UPDATE OF r
