-- loyalty/sql/sum_balances.sql
-- Say what the programme owes.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: points, holders
--
-- Balances are sums of entries, so the days add up to them: merges move entries, never points.
SELECT
    (
        SELECT coalesce(sum(d.points), 0)::bigint
        FROM loyalty_pointsday AS d
        WHERE d.tenant_id = %(tenant_id)s
    ) AS points,
    (
        SELECT coalesce(sum(h.holders), 0)::bigint
        FROM loyalty_holdercount AS h
        WHERE h.tenant_id = %(tenant_id)s
    ) AS holders;
