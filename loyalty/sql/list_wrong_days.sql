-- loyalty/sql/list_wrong_days.sql
-- Find days on which not what is stored moved.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
--      zone       text    IANA zone that says what a day is
-- out: day, kind, stored, counted  one row per difference; none when all agree
SELECT
    coalesce(d.day, e.day) AS day,
    coalesce(d.kind, e.kind) AS kind,
    coalesce(d.points, 0) AS stored,
    coalesce(e.points, 0)::bigint AS counted
FROM (
    SELECT (p.effective_at AT TIME ZONE %(zone)s)::date AS day, p.kind, sum(p.points) AS points
    FROM loyalty_pointsentry AS p
    WHERE p.tenant_id = %(tenant_id)s
    GROUP BY 1, 2
) AS e
FULL JOIN (
    SELECT c.day, c.kind, c.points
    FROM loyalty_pointsday AS c
    WHERE c.tenant_id = %(tenant_id)s
) AS d ON d.day = e.day AND d.kind = e.kind
WHERE coalesce(d.points, 0) <> coalesce(e.points, 0)
ORDER BY 1, 2;
