-- loyalty/sql/lock_due_tiers.sql
-- Lock those of some accounts whose tiers are due; what somebody else works on is left to them.
--
-- in:  tenant_id    bigint       added by kernel.sql.run_sql
--      profile_ids  bigint[]     whose profiles are share-locked
--      now          timestamptz
-- out: profile_id
SELECT a.profile_id
FROM loyalty_pointsaccount AS a
WHERE a.tenant_id = %(tenant_id)s
  AND a.profile_id = ANY(%(profile_ids)s::bigint[])
  AND a.tier_due_at <= %(now)s
ORDER BY a.profile_id
FOR NO KEY UPDATE SKIP LOCKED;
