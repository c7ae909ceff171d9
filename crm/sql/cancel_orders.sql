-- Purpose: cancel orders that their store deleted.
-- In: store_id; external_ids and times (arrays of equal length); now.
-- Out: what the event tells, of those that were not cancelled before.
-- The version moves on by the least there is: a repeat of what was known is older than the
-- deletion, and whatever the store says of the order afterwards is newer. The digest goes, so that
-- an order that comes back as it was is written again.
UPDATE crm_order AS o
SET cancelled_at = d.deleted_at,
    is_counted = false,
    source_version_at = o.source_version_at + interval '1 microsecond',
    source_hash = '',
    updated_at = %(now)s
FROM unnest(%(external_ids)s::text[], %(times)s::timestamptz[]) AS d (external_id, deleted_at)
WHERE o.tenant_id = %(tenant_id)s
  AND o.store_id = %(store_id)s
  AND o.external_id = d.external_id
  AND o.cancelled_at IS NULL
RETURNING
    o.id, o.external_id, o.number, o.profile_id, o.gross_minor, o.currency, o.is_test,
    o.cancelled_at
