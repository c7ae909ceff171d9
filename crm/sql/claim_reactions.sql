-- Purpose: claim the oldest reactions that are due.
-- In: now, count; ids narrows to some of them, NULL means any.
-- Out: the rows, oldest first; profile_id is the winner where the profile was merged.
-- Why: SKIP LOCKED lets a second worker take the next ones instead of waiting. LATERAL with LIMIT
--   keeps it at one look-up of a profile per row, whatever the statistics of a tenant that has just
--   begun to grow say.
SELECT
    r.id, r.event_id, r.event_name, r.occurred_at, r.object_id, r.is_backfill, r.stage,
    COALESCE(p.merged_into_id, r.profile_id) AS profile_id
FROM crm_reaction AS r
LEFT JOIN LATERAL (
    SELECT o.merged_into_id
    FROM crm_profile AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.id = r.profile_id
    LIMIT 1
) AS p ON true
WHERE r.tenant_id = %(tenant_id)s
  AND (r.not_before IS NULL OR r.not_before <= %(now)s)
  AND (%(ids)s::bigint[] IS NULL OR r.id = ANY(%(ids)s::bigint[]))
ORDER BY r.id
LIMIT %(count)s
FOR UPDATE OF r SKIP LOCKED
