-- Purpose: load one file of postcodes at a time, and let nobody learn from addresses meanwhile.
-- In: tenant_id.
-- Out: row count. Held until the transaction ends; note_places asks for the same key.
-- Why: a file takes postcodes in its own order and areas last, addresses both in one order. Whoever
--      waits here has no row yet that another could wait for.
SELECT pg_advisory_xact_lock(hashtextextended('postcodes:' || (%(tenant_id)s)::text, 0))
