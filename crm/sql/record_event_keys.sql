-- Purpose: claim dedupe keys for new events.
-- In: keys, event_ids, times (arrays of equal length; each key once).
-- Out: the event ids whose key was free; the others were recorded before.
-- Why: the key table is what makes an event once for ever; the partitioned table cannot.
INSERT INTO crm_eventkey (tenant_id, dedupe_key, event_id, occurred_at)
SELECT %(tenant_id)s, n.dedupe_key, n.event_id, n.occurred_at
FROM unnest(%(dedupe_keys)s::text[], %(event_ids)s::bigint[], %(times)s::timestamptz[])
    AS n (dedupe_key, event_id, occurred_at)
ORDER BY n.dedupe_key
ON CONFLICT (tenant_id, dedupe_key) DO NOTHING
RETURNING event_id
