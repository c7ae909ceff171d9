-- Purpose: claim the oldest reactions that are due.
-- In: now, count; ids narrows to some of them, NULL means any.
-- Out: the rows, oldest first; profile_id is the winner where the profile was merged.
-- Why: SKIP LOCKED lets a second worker take the next ones instead of waiting.
SELECT
    r.id, r.event_id, r.event_name, r.occurred_at, r.object_id, r.is_backfill, r.stage,
    COALESCE(p.merged_into_id, r.profile_id) AS profile_id
FROM crm_reaction AS r
LEFT JOIN crm_profile AS p ON p.tenant_id = r.tenant_id AND p.id = r.profile_id
WHERE r.tenant_id = %(tenant_id)s
  AND (r.not_before IS NULL OR r.not_before <= %(now)s)
  AND (%(ids)s::bigint[] IS NULL OR r.id = ANY(%(ids)s::bigint[]))
ORDER BY r.id
LIMIT %(count)s
FOR UPDATE OF r SKIP LOCKED
