-- loyalty/sql/list_wrong_lots.sql
-- Find accounts whose lots do not hold their balance, and lots that are not those of their entries.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: profile_id, held, balance, strange
--      one row per difference, none when all agree; strange: entries above zero without their lot,
--      and lots without their entry; what gives back points that had expired is no lot
SELECT
    coalesce(b.profile_id, l.profile_id) AS profile_id, coalesce(l.held, 0)::bigint AS held,
    greatest(0, coalesce(b.balance, 0)) AS balance, coalesce(l.strange, 0) AS strange
FROM (
    SELECT a.profile_id, a.balance
    FROM loyalty_pointsaccount AS a
    WHERE a.tenant_id = %(tenant_id)s
) AS b
FULL JOIN (
    SELECT
        coalesce(o.profile_id, e.profile_id) AS profile_id, sum(o.remaining) AS held,
        count(*) FILTER (
            WHERE (o.profile_id, o.earned) IS DISTINCT FROM (e.profile_id, e.points)
        ) AS strange
    FROM (
        SELECT n.id, n.profile_id, n.points
        FROM loyalty_pointsentry AS n
        WHERE n.tenant_id = %(tenant_id)s AND n.points > 0 AND n.kind <> 'expire'
    ) AS e
    FULL JOIN (
        SELECT p.id, p.profile_id, p.earned, p.remaining
        FROM loyalty_pointslot AS p
        WHERE p.tenant_id = %(tenant_id)s
    ) AS o ON o.id = e.id
    GROUP BY 1
) AS l ON l.profile_id = b.profile_id
WHERE coalesce(l.held, 0) <> greatest(0, coalesce(b.balance, 0)) OR coalesce(l.strange, 0) > 0
ORDER BY 1;
