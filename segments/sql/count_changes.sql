-- Purpose: movement of every segment since an instant.
-- In: tenant_id; since.
-- Out: segment_id, entered, left_count.
SELECT
    c.segment_id,
    count(*) FILTER (WHERE c.entered)::int AS entered,
    count(*) FILTER (WHERE NOT c.entered)::int AS left_count
FROM segments_segment AS s
JOIN segments_membershipchange AS c ON c.tenant_id = %(tenant_id)s AND c.segment_id = s.id
WHERE s.tenant_id = %(tenant_id)s AND c.at >= %(since)s
GROUP BY c.segment_id
