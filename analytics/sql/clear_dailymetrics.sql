-- Purpose: forget the sums by day, before everything is added up anew.
-- In: nothing. Out: nothing.
DELETE FROM analytics_dailymetric AS m
WHERE m.tenant_id = %(tenant_id)s
