-- Purpose: wait until no file of postcodes is loaded, and let none begin.
-- In: tenant_id.
-- Out: row count. Held until the transaction ends. The key is that of lock_postcodes; others who
--      share it, such as note_places, go on.
-- Why: a statement of its own, so that whoever waits has no row yet that a file could wait for.
SELECT pg_advisory_xact_lock_shared(hashtextextended('postcodes:' || (%(tenant_id)s)::text, 0))
