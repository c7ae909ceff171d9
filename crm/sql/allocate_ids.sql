-- Purpose: take ids of a table up front, so that rows that refer to each other are written in sets.
-- In: table_name, count. Out: ids, ascending.
-- The tenant (%(tenant_id)s) plays no part: ids are unique across tenants.
SELECT nextval(pg_get_serial_sequence(%(table_name)s, 'id')) AS id
FROM generate_series(1, %(count)s)
