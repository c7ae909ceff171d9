-- Purpose: forget hours that no band asks for any more. In: before. Out: nothing.
DELETE FROM analytics_eventvolume AS v
WHERE v.tenant_id = %(tenant_id)s AND v.hour < %(before)s
