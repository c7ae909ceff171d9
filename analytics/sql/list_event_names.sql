-- Purpose: name every event that was ever recorded, with its first and last time.
-- In: count (names at most). Out: name, first_at, last_at; by name.
-- Why: steps from name to name by the index, so that it costs the number of names and not of events.
--      A name is asked for as a range and ordered by, or else the planner walks the key, which is
--      by time, until it meets the name.
WITH RECURSIVE names AS (
    (
        SELECT e.name, 1 AS place
        FROM crm_event AS e
        WHERE e.tenant_id = %(tenant_id)s
        ORDER BY e.name
        LIMIT 1
    )
    UNION ALL
    SELECT
        (
            SELECT e.name
            FROM crm_event AS e
            WHERE e.tenant_id = %(tenant_id)s AND e.name > n.name
            ORDER BY e.name
            LIMIT 1
        ),
        n.place + 1
    FROM names AS n
    WHERE n.name IS NOT NULL AND n.place < %(count)s
)
SELECT
    n.name,
    (
        SELECT e.occurred_at
        FROM crm_event AS e
        WHERE e.tenant_id = %(tenant_id)s AND e.name >= n.name AND e.name <= n.name
        ORDER BY e.name DESC, e.occurred_at
        LIMIT 1
    ) AS first_at,
    (
        SELECT e.occurred_at
        FROM crm_event AS e
        WHERE e.tenant_id = %(tenant_id)s AND e.name >= n.name AND e.name <= n.name
        ORDER BY e.name, e.occurred_at DESC
        LIMIT 1
    ) AS last_at
FROM names AS n
WHERE n.name IS NOT NULL
ORDER BY n.name
