-- Purpose: which tags of segments some profiles shall have at a store, by what they are in now.
-- In: tenant_id; store_id; profile_ids.
-- Out: profile_id, tags (text array, ascending); nobody who shall have none.
SELECT m.profile_id, array_agg(p.tag ORDER BY p.tag) AS tags
FROM segments_segmentpush AS p
JOIN segments_membership AS m
    ON m.tenant_id = p.tenant_id AND m.segment_ids @> ARRAY[p.segment_id]
WHERE p.tenant_id = %(tenant_id)s
  AND p.store_id = %(store_id)s
  AND m.profile_id = ANY(%(profile_ids)s::bigint[])
GROUP BY m.profile_id
