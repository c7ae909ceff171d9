-- loyalty/sql/clear_days.sql
-- Forget what moved on each day, to be summed up anew. The calendar is held.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: -
DELETE FROM loyalty_pointsday AS d
WHERE d.tenant_id = %(tenant_id)s;
