-- Purpose: forget the carts of some profiles that their events no longer tell of.
-- In: ids (of profiles), since (older carts stay); profile_ids and times (beginnings of those that
--   stay, arrays of equal length).
-- Out: nothing.
DELETE FROM crm_cart AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.profile_id = ANY(%(ids)s::bigint[])
  AND c.changed_at > %(since)s
  AND NOT EXISTS (
      SELECT 1
      FROM unnest(%(profile_ids)s::bigint[], %(times)s::timestamptz[]) AS k (profile_id, started_at)
      WHERE k.profile_id = c.profile_id AND k.started_at = c.started_at
  )
