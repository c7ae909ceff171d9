-- Purpose: let a merged profile be itself again, with the aliases and the doubts that it had, and
--   give both sides of the merge their opens, clicks and visits.
-- In: loser, aliases, winner, merged_at; profile_id, opened_at, clicked_at, seen_at (arrays of equal length).
-- Out: nothing.
WITH live AS (
    UPDATE crm_profile AS p
    SET merged_into_id = CASE WHEN p.id = %(loser)s THEN NULL ELSE %(loser)s END
    WHERE p.tenant_id = %(tenant_id)s
      AND (p.id = %(loser)s OR p.id = ANY(%(aliases)s::bigint[]))
      AND p.merged_into_id = %(winner)s
),
dropped AS (
    DELETE FROM crm_probableduplicate AS d
    WHERE d.tenant_id = %(tenant_id)s
      AND (d.one_id = %(winner)s OR d.other_id = %(winner)s)
      AND d.noted_at = %(merged_at)s
      AND (d.status = 'open' OR d.decided_at < %(merged_at)s)
),
reopened AS (
    UPDATE crm_probableduplicate AS d
    SET status = 'open'
    FROM crm_profile AS p
    WHERE d.tenant_id = %(tenant_id)s
      AND p.tenant_id = %(tenant_id)s
      AND d.status = 'merged'
      AND (d.one_id = %(loser)s OR d.other_id = %(loser)s)
      AND p.id = CASE WHEN d.one_id = %(loser)s THEN d.other_id ELSE d.one_id END
      AND p.merged_into_id IS NULL
      AND p.erased_at IS NULL
)
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, last_opened_at, last_clicked_at, last_seen_at
)
SELECT %(tenant_id)s, n.profile_id, n.opened_at, n.clicked_at, n.seen_at
FROM unnest(
    %(profile_id)s::bigint[], %(opened_at)s::timestamptz[], %(clicked_at)s::timestamptz[],
    %(seen_at)s::timestamptz[]
) AS n (profile_id, opened_at, clicked_at, seen_at)
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    last_opened_at = EXCLUDED.last_opened_at,
    last_clicked_at = EXCLUDED.last_clicked_at,
    last_seen_at = EXCLUDED.last_seen_at
