-- Purpose: whoever is in one of some segments and in none of others, page by page.
-- In: tenant_id; include, exclude, ids of segments; after, the last profile seen; count.
-- Out: profile_id, ascending.
SELECT m.profile_id
FROM segments_membership AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.segment_ids && %(include)s::bigint[]
  AND NOT m.segment_ids && %(exclude)s::bigint[]
  AND m.profile_id > %(after)s
ORDER BY m.profile_id
LIMIT %(count)s
