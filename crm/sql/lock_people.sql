-- Purpose: find whom ids stand for today, as two arrays, and keep it so until the commit.
-- In: ids.
-- Out: people (each once, ascending), winners (those of them whose own rows are not locked yet).
-- Why: tens of thousands are asked for at once, and nobody needs a row of each. FOR KEY SHARE waits
--      for a merge that is under way and then reads its outcome.
WITH found AS MATERIALIZED (
    SELECT p.id, COALESCE(p.merged_into_id, p.id) AS final_id
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
    ORDER BY p.id
    FOR KEY SHARE
)

SELECT
    COALESCE(array_agg(DISTINCT f.final_id ORDER BY f.final_id), '{}') AS people,
    COALESCE(array_agg(DISTINCT f.final_id) FILTER (WHERE f.final_id <> f.id), '{}') AS winners
FROM found AS f
