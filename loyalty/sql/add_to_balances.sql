-- loyalty/sql/add_to_balances.sql
-- Bring cached balances along with new entries.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]  owners, each once, ascending
--      deltas       bigint[]  signed points of each, in the same order
-- out: profile_id, balance    after the change
INSERT INTO loyalty_pointsaccount (tenant_id, profile_id, balance)
SELECT %(tenant_id)s, d.profile_id, d.delta
FROM unnest(%(profile_ids)s::bigint[], %(deltas)s::bigint[]) AS d (profile_id, delta)
ON CONFLICT (tenant_id, profile_id) DO UPDATE
SET balance = loyalty_pointsaccount.balance + excluded.balance
RETURNING profile_id, balance;
