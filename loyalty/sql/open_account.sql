-- loyalty/sql/open_account.sql
-- Open the account of one profile; a second call does nothing.
--
-- in:  tenant_id   bigint  added by kernel.sql.run_sql
--      profile_id  bigint  an existing profile
-- out: -
INSERT INTO loyalty_pointsaccount (tenant_id, profile_id)
VALUES (%(tenant_id)s, %(profile_id)s)
ON CONFLICT (tenant_id, profile_id) DO NOTHING;
