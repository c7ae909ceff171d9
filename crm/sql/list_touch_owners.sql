-- Purpose: find whose touches some keys are, before they change hands.
-- In: keys. Out: profile_id.
SELECT DISTINCT t.profile_id
FROM crm_touchpoint AS t
WHERE t.tenant_id = %(tenant_id)s AND t.touch_key = ANY(%(keys)s::text[])
