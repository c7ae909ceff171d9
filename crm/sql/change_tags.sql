-- Purpose: add tags to some profiles and take others away.
-- In: ids; added, removed (text arrays). Out: id of each profile whose tags really changed.
-- Why: locked in the order of their keys first, so that two who tag cannot wait for each other.
WITH locked AS (
    SELECT p.id
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
      AND p.merged_into_id IS NULL AND p.erased_at IS NULL
    ORDER BY p.id
    FOR NO KEY UPDATE
)
UPDATE crm_profile AS p
SET tags = ARRAY(
        SELECT DISTINCT t.tag
        FROM unnest(p.tags || %(added)s::text[]) AS t (tag)
        WHERE t.tag <> ALL(%(removed)s::text[])
        ORDER BY t.tag
    ),
    updated_at = %(now)s
FROM locked
WHERE p.tenant_id = %(tenant_id)s AND p.id = locked.id
  AND (NOT p.tags @> %(added)s::text[] OR p.tags && %(removed)s::text[])
RETURNING p.id
