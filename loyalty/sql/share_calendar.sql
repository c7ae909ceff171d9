-- loyalty/sql/share_calendar.sql
-- Say in which zone days are cut, and let nobody cut them anew until the transaction ends.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: zone               IANA; no row before the first points
SELECT c.zone
FROM loyalty_pointscalendar AS c
WHERE c.tenant_id = %(tenant_id)s
FOR SHARE;
