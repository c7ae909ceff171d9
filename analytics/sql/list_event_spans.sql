-- Purpose: say since when each name of each store is counted. In: nothing.
-- Out: name, store_id, first_hour.
SELECT v.name, v.store_id, min(v.hour) AS first_hour
FROM analytics_eventvolume AS v
WHERE v.tenant_id = %(tenant_id)s
GROUP BY v.name, v.store_id
