-- Purpose: take a segment that is about to be deleted out of every membership.
-- In: tenant_id; segment_id.
-- Out: nothing.
UPDATE segments_membership AS m
SET segment_ids = array_remove(m.segment_ids, %(segment_id)s::bigint)
WHERE m.tenant_id = %(tenant_id)s AND m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
