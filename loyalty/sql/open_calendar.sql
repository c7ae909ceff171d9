-- loyalty/sql/open_calendar.sql
-- Say in which zone a tenant's days are cut; a second call does nothing.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
--      zone       text    IANA
-- out: -
INSERT INTO loyalty_pointscalendar (tenant_id, zone)
VALUES (%(tenant_id)s, %(zone)s)
ON CONFLICT (tenant_id) DO NOTHING;
