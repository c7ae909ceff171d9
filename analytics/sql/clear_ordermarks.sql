-- Purpose: forget the marks of orders, before everything is added up anew.
-- In: nothing. Out: nothing.
DELETE FROM analytics_ordermark AS m
WHERE m.tenant_id = %(tenant_id)s
