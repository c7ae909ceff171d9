-- Purpose: take ids of a table up front, so that rows that refer to each other are written in sets.
-- In: table_name, count. Out: ids, ascending, as one array.
-- The tenant (%(tenant_id)s) plays no part: ids are unique across tenants.
SELECT array_agg(nextval((SELECT pg_get_serial_sequence(%(table_name)s, 'id')::regclass))) AS ids
FROM generate_series(1, %(count)s)
