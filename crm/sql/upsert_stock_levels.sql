-- Purpose: keep what is left of inventory items by place; an older word changes nothing.
-- In: store_id; columns of the levels as arrays of equal length, one element for a place.
-- Out: item_external_id of what is new.
INSERT INTO crm_stocklevel AS l (
    tenant_id, store_id, item_external_id, location_external_id, available, is_tracked,
    source_version_at
)
SELECT
    %(tenant_id)s, %(store_id)s, n.item, n.location, n.available, n.tracked, n.version_at
FROM unnest(
    %(item)s::text[], %(location)s::text[], %(available)s::integer[], %(tracked)s::boolean[],
    %(version_at)s::timestamptz[]
) AS n (item, location, available, tracked, version_at)
ON CONFLICT (tenant_id, store_id, item_external_id, location_external_id) DO UPDATE SET
    available = EXCLUDED.available,
    is_tracked = COALESCE(EXCLUDED.is_tracked, l.is_tracked),
    source_version_at = EXCLUDED.source_version_at
WHERE EXCLUDED.source_version_at >= l.source_version_at
  AND (l.available, l.is_tracked, l.source_version_at) IS DISTINCT FROM (
      EXCLUDED.available, COALESCE(EXCLUDED.is_tracked, l.is_tracked),
      EXCLUDED.source_version_at
  )
RETURNING item_external_id
