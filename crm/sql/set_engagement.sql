-- Purpose: note when profiles last opened, clicked or were seen; an older time changes nothing.
-- In: profile_id, opened_at, clicked_at, seen_at (arrays of equal length, NULL where nothing new).
-- Out: ids of the profiles whose times changed.
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, last_opened_at, last_clicked_at, last_seen_at
)
SELECT
    %(tenant_id)s, COALESCE(p.merged_into_id, p.id), max(n.opened_at), max(n.clicked_at),
    max(n.seen_at)
FROM unnest(
    %(profile_id)s::bigint[], %(opened_at)s::timestamptz[], %(clicked_at)s::timestamptz[],
    %(seen_at)s::timestamptz[]
) AS n (profile_id, opened_at, clicked_at, seen_at)
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.profile_id
WHERE p.id = ANY(%(profile_id)s::bigint[]) AND p.erased_at IS NULL
GROUP BY COALESCE(p.merged_into_id, p.id)
ORDER BY COALESCE(p.merged_into_id, p.id)
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    last_opened_at = GREATEST(f.last_opened_at, EXCLUDED.last_opened_at),
    last_clicked_at = GREATEST(f.last_clicked_at, EXCLUDED.last_clicked_at),
    last_seen_at = GREATEST(f.last_seen_at, EXCLUDED.last_seen_at)
WHERE EXCLUDED.last_opened_at > COALESCE(f.last_opened_at, '-infinity')
   OR EXCLUDED.last_clicked_at > COALESCE(f.last_clicked_at, '-infinity')
   OR EXCLUDED.last_seen_at > COALESCE(f.last_seen_at, '-infinity')
RETURNING profile_id
