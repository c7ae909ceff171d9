-- Purpose: members of a segment, page by page.
-- In: tenant_id; segment_id; after, the last profile seen; count.
-- Out: profile_id, ascending.
SELECT m.profile_id
FROM segments_membership AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
  AND m.profile_id > %(after)s
ORDER BY m.profile_id
LIMIT %(count)s
