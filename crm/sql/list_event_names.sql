-- Purpose: name every event that was ever recorded, to choose from.
-- In: count (names at most). Out: name, ascending.
-- Why: steps from name to name by the index, so that it costs the number of names and not of events.
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
SELECT n.name
FROM names AS n
WHERE n.name IS NOT NULL
ORDER BY n.name
