-- Purpose: count the events of some hours by name and store, in place of what was counted of them.
-- In: since, until (beginnings of hours). Out: nothing.
-- Why: the key of events begins with the time, so it costs what happened in these hours. History
--   that was brought in says nothing of whether events arrive.
INSERT INTO analytics_eventvolume AS v (tenant_id, hour, name, store_id, count)
SELECT
    %(tenant_id)s, date_trunc('hour', e.occurred_at, 'UTC'), e.name, COALESCE(e.store_id, 0),
    count(*)
FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s
  AND e.occurred_at >= %(since)s
  AND e.occurred_at < %(until)s
  AND NOT e.is_backfill
GROUP BY 2, 3, 4
ON CONFLICT (tenant_id, hour, name, store_id) DO UPDATE SET count = EXCLUDED.count
