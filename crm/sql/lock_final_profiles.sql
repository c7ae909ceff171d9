-- Purpose: find which profile each id stands for today, and keep it so until the commit.
-- In: ids. Out: id, final_id (the winner where it was merged).
-- Why: FOR KEY SHARE waits for a merge that is under way and then reads its outcome.
SELECT p.id, COALESCE(p.merged_into_id, p.id) AS final_id
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
ORDER BY p.id
FOR KEY SHARE
