-- Purpose: by how many profiles a segment grew or shrank each day.
-- In: tenant_id; segment_id; since, local day.
-- Out: day, delta.
SELECT
    d."on" AS day,
    d.entered - d.left_count AS delta
FROM segments_membershipday AS d
WHERE d.tenant_id = %(tenant_id)s AND d.segment_id = %(segment_id)s AND d."on" >= %(since)s
