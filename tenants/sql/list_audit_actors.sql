-- tenants/sql/list_audit_actors.sql
-- List everybody who stands in the audit trail of one tenant, once each.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: actor
--
-- A step of the recursion jumps to the next actor in the index (tenant_id, actor, at, id):
-- DISTINCT would read every entry, and a trail has a million of a few dozen people.
WITH RECURSIVE actors AS (
    (
        SELECT e.actor
        FROM tenants_auditentry AS e
        WHERE e.tenant_id = %(tenant_id)s
        ORDER BY e.actor
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT n.actor
        FROM tenants_auditentry AS n
        WHERE n.tenant_id = %(tenant_id)s
          AND n.actor > a.actor
        ORDER BY n.actor
        LIMIT 1
    )
    FROM actors AS a
    WHERE a.actor IS NOT NULL
)
SELECT actor
FROM actors
WHERE actor IS NOT NULL
LIMIT 500
