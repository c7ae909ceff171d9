-- Purpose: who of some people opened, clicked, visited or bought since a time.
-- In: profile_ids, since.
-- Out: profile_id.
-- Why: asked for a batch of messages; an array is one value to the server, a list is thousands.
SELECT f.profile_id
FROM crm_profilefacts AS f
WHERE f.tenant_id = %(tenant_id)s
  AND f.profile_id = ANY(%(profile_ids)s::bigint[])
  AND GREATEST(f.last_opened_at, f.last_clicked_at, f.last_seen_at, f.last_order_at) >= %(since)s
