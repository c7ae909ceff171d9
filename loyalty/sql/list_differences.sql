-- loyalty/sql/list_differences.sql
-- Find accounts whose cached balance is not the sum of their entries.
--
-- in:  tenant_id  bigint          added by kernel.sql.run_sql
-- out: profile_id, balance, total  one row per difference; none when all agree
SELECT
    coalesce(a.profile_id, e.profile_id) AS profile_id,
    coalesce(a.balance, 0) AS balance,
    coalesce(e.total, 0)::bigint AS total
FROM (
    SELECT p.profile_id, sum(p.points) AS total
    FROM loyalty_pointsentry AS p
    WHERE p.tenant_id = %(tenant_id)s
    GROUP BY p.profile_id
) AS e
FULL JOIN (
    SELECT c.profile_id, c.balance
    FROM loyalty_pointsaccount AS c
    WHERE c.tenant_id = %(tenant_id)s
) AS a ON a.profile_id = e.profile_id
WHERE coalesce(a.balance, 0) <> coalesce(e.total, 0)
ORDER BY 1;
