-- loyalty/sql/sum_balances.sql
-- Sum up what the programme owes.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: points, accounts, holders
SELECT
    coalesce(sum(a.balance), 0)::bigint AS points,
    count(*) AS accounts,
    count(*) FILTER (WHERE a.balance > 0) AS holders
FROM loyalty_pointsaccount AS a
WHERE a.tenant_id = %(tenant_id)s;
