-- Purpose: forget touches that are none any more.
-- In: keys. Out: nothing.
DELETE FROM crm_touchpoint AS t
WHERE t.tenant_id = %(tenant_id)s AND t.touch_key = ANY(%(keys)s::text[])
