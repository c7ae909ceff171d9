-- Purpose: forget what waits to be added up, before everything is added up anew.
-- In: nothing. Out: nothing.
-- Why: whatever is still uncommitted has its row later and is added up then.
DELETE FROM analytics_rollupchange AS m
WHERE m.tenant_id = %(tenant_id)s
