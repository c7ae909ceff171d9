-- Purpose: the last profile of the next chunk, in order of id.
-- In: tenant_id; after, the last id of the chunk before; count, profiles per chunk.
-- Out: upto; people, how many they are; no row when no profile is left.
SELECT max(n.id) AS upto, count(*)::int AS people
FROM (
    SELECT p.id
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.id > %(after)s
    ORDER BY p.id
    LIMIT %(count)s
) AS n
HAVING count(*) > 0
