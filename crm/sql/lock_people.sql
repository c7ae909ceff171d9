-- Purpose: find whom ids stand for today, and keep it so until the commit.
-- In: ids (each once).
-- Out: people (each once, ascending; NULL where they are the ids themselves), winners (those of them
--      whose own rows are not locked yet; NULL for none).
-- Why: tens of thousands are asked for at once, and nobody needs a row of each; mostly nobody was
--      merged, and nothing has to be put together. FOR KEY SHARE waits for a merge that is under way
--      and then reads its outcome.
WITH found AS MATERIALIZED (
    SELECT p.id, COALESCE(p.merged_into_id, p.id) AS final_id
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
    ORDER BY p.id
    FOR KEY SHARE
),

counted AS (
    SELECT count(*) FILTER (WHERE f.final_id = f.id) AS unmerged
    FROM found AS f
)

SELECT
    CASE WHEN c.unmerged < cardinality(%(ids)s::bigint[]) THEN (
        SELECT COALESCE(array_agg(DISTINCT f.final_id ORDER BY f.final_id), '{}') FROM found AS f
    ) END AS people,
    CASE WHEN c.unmerged < cardinality(%(ids)s::bigint[]) THEN (
        SELECT array_agg(DISTINCT f.final_id) FROM found AS f WHERE f.final_id <> f.id
    ) END AS winners
FROM counted AS c
