-- loyalty/sql/close_accounts.sql
-- Remove the accounts of profiles that are merged into others; their entries move on.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]
-- out: profile_id, balance    of the removed accounts
DELETE FROM loyalty_pointsaccount AS a
WHERE a.tenant_id = %(tenant_id)s
  AND a.profile_id = ANY(%(profile_ids)s::bigint[])
RETURNING a.profile_id, a.balance;
