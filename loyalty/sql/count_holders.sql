-- loyalty/sql/count_holders.sql
-- Count the accounts above zero, beside what is kept of them.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: stored, counted
SELECT
    (
        SELECT coalesce(sum(h.holders), 0)::bigint
        FROM loyalty_holdercount AS h
        WHERE h.tenant_id = %(tenant_id)s
    ) AS stored,
    (
        SELECT count(*)
        FROM loyalty_pointsaccount AS a
        WHERE a.tenant_id = %(tenant_id)s AND a.balance > 0
    ) AS counted;
