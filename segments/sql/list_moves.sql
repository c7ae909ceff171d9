-- Purpose: entries and exits of some segments on each day.
-- In: tenant_id; segment_ids; since, local day.
-- Out: segment_id, day, entered, left_count; no row for a day on which nobody moved.
SELECT d.segment_id, d."on" AS day, d.entered, d.left_count
FROM segments_membershipday AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.segment_id = ANY(%(segment_ids)s::bigint[])
  AND d."on" >= %(since)s
ORDER BY d.segment_id, d."on"
