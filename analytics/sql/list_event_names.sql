-- Purpose: name every event that was ever recorded, with its first and last time.
-- In: count (names at most). Out: name, first_at, last_at; by name.
-- Why: a name is asked for as a range and ordered by, or else the planner walks the key, which is
--      by time, until it meets the name.
WITH names AS (
    {crm.list_event_names}
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
ORDER BY n.name
