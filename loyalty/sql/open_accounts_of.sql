-- loyalty/sql/open_accounts_of.sql
-- Open the accounts of some profiles; a second call does nothing.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]  existing profiles, each once, ascending
-- out: -
INSERT INTO loyalty_pointsaccount (tenant_id, profile_id)
SELECT %(tenant_id)s, n.profile_id
FROM unnest(%(profile_ids)s::bigint[]) AS n (profile_id)
ON CONFLICT (tenant_id, profile_id) DO NOTHING;
