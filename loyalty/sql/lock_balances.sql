-- loyalty/sql/lock_balances.sql
-- Lock the accounts of some profiles until the transaction ends.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]
-- out: profile_id, balance    of the locked accounts
SELECT a.profile_id, a.balance
FROM loyalty_pointsaccount AS a
WHERE a.tenant_id = %(tenant_id)s
  AND a.profile_id = ANY(%(profile_ids)s::bigint[])
ORDER BY a.profile_id
FOR NO KEY UPDATE;
