-- Purpose: movement of every segment since a day.
-- In: tenant_id; since, local day.
-- Out: segment_id, entered, left_count.
SELECT
    d.segment_id,
    sum(d.entered)::int AS entered,
    sum(d.left_count)::int AS left_count
FROM segments_segment AS s
JOIN segments_membershipday AS d
    ON d.tenant_id = %(tenant_id)s AND d.segment_id = s.id AND d."on" >= %(since)s
WHERE s.tenant_id = %(tenant_id)s
GROUP BY d.segment_id
