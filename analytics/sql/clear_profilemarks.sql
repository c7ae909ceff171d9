-- Purpose: forget the marks of profiles, before everything is added up anew.
-- In: nothing. Out: nothing.
DELETE FROM analytics_profilemark AS m
WHERE m.tenant_id = %(tenant_id)s
