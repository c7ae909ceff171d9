-- Purpose: find profiles whose oldest document has left the look-back.
-- In: now, count. Out: profile_id.
SELECT f.profile_id
FROM crm_profilefacts AS f
WHERE f.tenant_id = %(tenant_id)s AND f.lookback_from <= %(now)s - interval '24 months'
ORDER BY f.lookback_from
LIMIT %(count)s
