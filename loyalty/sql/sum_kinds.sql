-- loyalty/sql/sum_kinds.sql
-- Sum up what moved on one account, by kind.
--
-- in:  tenant_id   bigint  added by kernel.sql.run_sql
--      profile_id  bigint
-- out: kind, points
SELECT e.kind, sum(e.points)::bigint AS points
FROM loyalty_pointsentry AS e
WHERE e.tenant_id = %(tenant_id)s AND e.profile_id = %(profile_id)s
GROUP BY e.kind;
