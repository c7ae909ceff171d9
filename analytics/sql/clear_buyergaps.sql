-- Purpose: forget the gaps between orders, before everything is added up anew.
-- In: nothing. Out: nothing.
DELETE FROM analytics_buyergap AS m
WHERE m.tenant_id = %(tenant_id)s
