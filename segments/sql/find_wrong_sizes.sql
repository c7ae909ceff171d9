-- Purpose: segments whose stored size is not the number of their members.
-- In: tenant_id.
-- Out: id, stored, counted.
WITH counted AS (
    SELECT n.segment_id, count(*)::int AS members
    FROM segments_membership AS m
    CROSS JOIN LATERAL unnest(m.segment_ids) AS n (segment_id)
    WHERE m.tenant_id = %(tenant_id)s
    GROUP BY n.segment_id
)

SELECT
    s.id,
    s.member_count AS stored,
    COALESCE(c.members, 0) AS counted
FROM segments_segment AS s
LEFT JOIN counted AS c ON c.segment_id = s.id
WHERE s.tenant_id = %(tenant_id)s AND s.member_count <> COALESCE(c.members, 0)
ORDER BY s.id
