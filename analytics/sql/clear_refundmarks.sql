-- Purpose: forget the marks of refunds, before everything is added up anew.
-- In: nothing. Out: nothing.
DELETE FROM analytics_refundmark AS m
WHERE m.tenant_id = %(tenant_id)s
