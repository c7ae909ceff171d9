-- Purpose: find facts of what profiles last did that differ from what their events say.
-- In: ids (NULL: everybody). Out: profile_id, stored and recomputed as text. Profiles that still
--   have reactions to come are left out.
WITH times AS (
    {crm.behaviour_times}
),
compared AS (
    SELECT
        p.id AS profile_id,
        ROW(f.last_viewed_at, f.last_carted_at, f.last_checkout_at, f.last_searched_at)::text
            AS stored,
        ROW(t.viewed_at, t.carted_at, t.checkout_at, t.searched_at)::text AS recomputed
    FROM crm_profile AS p
    LEFT JOIN times AS t ON t.profile_id = p.id
    LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
    WHERE p.tenant_id = %(tenant_id)s
      AND p.merged_into_id IS NULL
      AND p.erased_at IS NULL
      AND NOT p.is_anonymous
      AND NOT EXISTS (
          SELECT 1 FROM crm_reaction AS a
          WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = p.id
      )
)
SELECT c.profile_id, c.stored, c.recomputed
FROM compared AS c
WHERE c.stored <> c.recomputed
ORDER BY c.profile_id
