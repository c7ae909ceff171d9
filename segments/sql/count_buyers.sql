-- Purpose: how many buyers of the last 24 months are in a segment, and how many are not.
-- In: tenant_id; segment_id.
-- Out: one row: members, rest.
SELECT
    count(*) FILTER (WHERE m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]) AS members,
    count(*) FILTER (WHERE NOT COALESCE(m.segment_ids @> ARRAY[%(segment_id)s]::bigint[], false)) AS rest
FROM segments_rfmscore AS s
LEFT JOIN segments_membership AS m
    ON m.tenant_id = %(tenant_id)s AND m.profile_id = s.profile_id
WHERE s.tenant_id = %(tenant_id)s
