-- Purpose: forget the sums of refunds, before everything is added up anew.
-- In: nothing. Out: nothing.
DELETE FROM analytics_refundsum AS m
WHERE m.tenant_id = %(tenant_id)s
