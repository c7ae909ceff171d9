-- Purpose: how many buyers moved from one group to another between two instants.
-- In: tenant_id; since; until.
-- Out: from_group, to_group, people; an empty group is no buyer. Who came back is not among them.
WITH moved AS (
    SELECT
        c.profile_id,
        (array_agg(c.from_group ORDER BY c.at, c.id))[1] AS from_group,
        (array_agg(c.to_group ORDER BY c.at DESC, c.id DESC))[1] AS to_group
    FROM segments_rfmchange AS c
    WHERE c.tenant_id = %(tenant_id)s AND c.at >= %(since)s AND c.at < %(until)s
    GROUP BY c.profile_id
)

SELECT m.from_group, m.to_group, count(*)::int AS people
FROM moved AS m
WHERE m.from_group <> m.to_group
GROUP BY m.from_group, m.to_group
ORDER BY count(*) DESC, m.from_group, m.to_group
