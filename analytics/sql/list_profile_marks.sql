-- Purpose: all marks of profiles, in the columns of profiles_to_mark. In: nothing.
SELECT m.profile_id, m.day
FROM analytics_profilemark AS m
WHERE m.tenant_id = %(tenant_id)s
