-- Purpose: keep everybody away from some profiles who writes a row that points at one.
-- In: ids. Out: id, ascending.
-- Why: FOR UPDATE waits for those who hold FOR KEY SHARE (an event or order being written) and
--   makes later ones wait, who then read which profile is left.
SELECT p.id
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
ORDER BY p.id
FOR UPDATE
