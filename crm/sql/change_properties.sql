-- Purpose: write some properties of profiles, each its own.
-- In: ids; writes (jsonb objects: name to value); removes (jsonb lists of names); now.
-- Out: id of each profile of which a property really changed.
-- Why: locked in the order of their keys first, so that two who write cannot wait for each other.
WITH wanted AS (
    SELECT w.id, w.written, w.removed
    FROM unnest(%(ids)s::bigint[], %(writes)s::jsonb[], %(removes)s::jsonb[])
        AS w (id, written, removed)
),

locked AS (
    SELECT p.id
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.id IN (SELECT w.id FROM wanted AS w)
      AND p.merged_into_id IS NULL AND p.erased_at IS NULL
    ORDER BY p.id
    FOR NO KEY UPDATE
)

UPDATE crm_profile AS p
SET properties = (p.properties || w.written)
        - ARRAY(SELECT jsonb_array_elements_text(w.removed)),
    updated_at = %(now)s
FROM locked
JOIN wanted AS w ON w.id = locked.id
WHERE p.tenant_id = %(tenant_id)s AND p.id = locked.id
  AND p.properties
      <> (p.properties || w.written) - ARRAY(SELECT jsonb_array_elements_text(w.removed))
RETURNING p.id
