-- loyalty/sql/recount_balances.sql
-- Set the balances of some profiles to the sum of their entries; a merge moved the entries.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]  owners, each once
-- out: profile_id, balance    after the change
INSERT INTO loyalty_pointsaccount (tenant_id, profile_id, balance)
SELECT %(tenant_id)s, p.profile_id, coalesce(sum(e.points), 0)
FROM unnest(%(profile_ids)s::bigint[]) AS p (profile_id)
LEFT JOIN loyalty_pointsentry AS e
    ON e.tenant_id = %(tenant_id)s AND e.profile_id = p.profile_id
GROUP BY p.profile_id
ORDER BY p.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE
SET balance = excluded.balance
RETURNING profile_id, balance;
