-- Purpose: the event that waits to be worked off for each profile that moves, live before history.
-- In: tenant_id; moved, a table of the statement that takes this in, each profile once; heard, places, arrays of equal
--     length: names of events that segments look at, and at which stage they do.
-- Out: profile_id, event_id, event_name, is_backfill, came_at, cause; one row per profile that something waits for.
-- Why: whoever decides somebody first takes the difference that the event would have told of, and
--      has to tell it in its place. What waits for a merged profile waits for its winner. OFFSET 0
--      keeps both at look-ups by profile: an import's backlog is never read as a whole for one batch.
--      Nobody is looked up where nothing waits: the order keeps that question at the index of
--      waiting profiles.
SELECT DISTINCT ON (l.profile_id)
    l.profile_id,
    r.event_id,
    r.event_name,
    r.is_backfill,
    r.created_at AS came_at,
    CASE
        WHEN r.event_name = 'Profile Merged' THEN 'merge'
        WHEN r.is_backfill THEN 'import'
        ELSE 'event'
    END AS cause
FROM (
    SELECT m.profile_id
    FROM moved AS m
    WHERE m.is_live
      AND (
          SELECT q.profile_id
          FROM crm_reaction AS q
          WHERE q.tenant_id = %(tenant_id)s AND q.profile_id IS NOT NULL
          ORDER BY q.profile_id
          LIMIT 1
      ) IS NOT NULL
) AS l
CROSS JOIN LATERAL (
    SELECT l.profile_id AS known_as
    UNION ALL
    SELECT o.id AS known_as
    FROM crm_profile AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.merged_into_id IS NOT NULL
      AND o.merged_into_id = l.profile_id
    OFFSET 0
) AS n
CROSS JOIN LATERAL (
    SELECT q.event_id, q.event_name, q.is_backfill, q.created_at, q.stage
    FROM crm_reaction AS q
    WHERE q.tenant_id = %(tenant_id)s AND q.profile_id = n.known_as
    OFFSET 0
) AS r
JOIN unnest(%(heard)s::text[], %(places)s::int[]) AS e (name, place)
    ON e.name = r.event_name AND r.stage <= e.place
ORDER BY l.profile_id, r.is_backfill, r.event_id DESC
