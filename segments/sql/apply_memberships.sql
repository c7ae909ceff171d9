-- Purpose: decide all segments of some profiles in one scan and write what is different:
--          memberships, entries and exits with their cause, sizes, movement by day.
-- In: tenant_id; laterals, segment_ids, reeval_at, compiled from the definitions, with what they
--     bind; profiles, facts, memberships, which rows are looked at, said of each table so that no
--     plan reads more; now; today, its local day; cause, and whether it is_quiet, is_history, and
--     yields to an event that waits; rest, of segments that it cannot move; segments, owns, quiets,
--     counts, arrays of equal length: whether it can move a segment, what moves of it are silently
--     kept as or empty, and from when on an event that waits is told of nevertheless, NULL for
--     never; a segment that is not among them is its own and not quiet;
--     cause_profiles, causes, event_ids, event_names, histories, arrays of equal length, for
--     profiles with a cause of their own; waiting, the join with events that wait.
-- Out: profile_id, segment_id, entered, is_history, of what is told.
-- Why: one shared scan instead of a difference per segment; the caller holds the row of upkeep,
--      so that nobody else takes the same difference. Merged, erased and anonymous
--      profiles are in none.
WITH decided AS (
    SELECT
        p.id AS profile_id,
        p.merged_into_id IS NULL AND p.erased_at IS NULL AS is_live,
        CASE
            WHEN p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous THEN {segment_ids}
            ELSE '{}'::bigint[]
        END AS segment_ids,
        CASE
            WHEN p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous THEN {reeval_at}
        END AS reeval_at
    FROM crm_profile AS p
    LEFT JOIN crm_profilefacts AS f
        ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id AND {facts}
    {laterals}
    WHERE p.tenant_id = %(tenant_id)s AND {profiles}
),

different AS (
    SELECT
        d.profile_id, d.is_live, d.segment_ids, d.reeval_at,
        COALESCE(m.segment_ids, '{}') AS old_ids
    FROM decided AS d
    LEFT JOIN segments_membership AS m
        ON m.tenant_id = %(tenant_id)s AND m.profile_id = d.profile_id AND {memberships}
    WHERE (m.profile_id IS NULL AND (d.segment_ids <> '{}' OR d.reeval_at IS NOT NULL))
       OR m.segment_ids <> d.segment_ids
       OR (m.profile_id IS NOT NULL AND m.reeval_at IS DISTINCT FROM d.reeval_at)
),

written AS (
    INSERT INTO segments_membership (tenant_id, profile_id, segment_ids, reeval_at, evaluated_at)
    SELECT %(tenant_id)s, profile_id, segment_ids, reeval_at, %(now)s
    FROM different
    ON CONFLICT (tenant_id, profile_id) DO UPDATE
    SET segment_ids = excluded.segment_ids,
        reeval_at = excluded.reeval_at,
        evaluated_at = excluded.evaluated_at
),

moved AS (
    SELECT d.profile_id, d.is_live, n.segment_id, true AS entered
    FROM different AS d
    CROSS JOIN LATERAL unnest(d.segment_ids) AS n (segment_id)
    WHERE n.segment_id <> ALL(d.old_ids)
    UNION ALL
    SELECT d.profile_id, d.is_live, n.segment_id, false AS entered
    FROM different AS d
    CROSS JOIN LATERAL unnest(d.old_ids) AS n (segment_id)
    WHERE n.segment_id <> ALL(d.segment_ids)
),

sourced AS (
    SELECT
        m.profile_id, m.segment_id, m.entered, g.cause, g.event_id, g.event_name, g.is_history,
        w.cause AS waiting_cause, w.event_id AS waiting_id, w.event_name AS waiting_name,
        w.is_backfill, k.quiet_as,
        CASE
            WHEN NOT g.is_history AND COALESCE(k.quiet_as, '') = '' THEN 'given'
            WHEN k.is_own AND NOT %(yields)s THEN 'own'
            WHEN NOT w.is_backfill AND (k.quiet_as = '' OR w.came_at >= k.counted_at) THEN 'waiting'
            WHEN k.quiet_as <> '' THEN 'quiet'
            WHEN g.is_history THEN 'given'
            WHEN w.is_backfill THEN 'waiting'
            WHEN k.is_own IS NOT FALSE THEN 'own'
            ELSE 'rest'
        END AS source
    FROM moved AS m
    LEFT JOIN unnest(
        %(segments)s::bigint[], %(owns)s::boolean[], %(quiets)s::text[], %(counts)s::timestamptz[]
    ) AS k (segment_id, is_own, quiet_as, counted_at) ON k.segment_id = m.segment_id
    LEFT JOIN unnest(
        %(cause_profiles)s::bigint[], %(causes)s::text[], %(event_ids)s::bigint[],
        %(event_names)s::text[], %(histories)s::boolean[]
    ) AS g (profile_id, cause, event_id, event_name, is_history) ON g.profile_id = m.profile_id
    {waiting}
),

caused AS (
    SELECT
        s.profile_id, s.segment_id, s.entered,
        CASE s.source
            WHEN 'given' THEN s.cause WHEN 'waiting' THEN s.waiting_cause
            WHEN 'own' THEN %(cause)s WHEN 'rest' THEN %(rest)s ELSE s.quiet_as
        END AS cause,
        CASE s.source WHEN 'given' THEN s.event_id WHEN 'waiting' THEN s.waiting_id END AS event_id,
        CASE s.source
            WHEN 'given' THEN s.event_name WHEN 'waiting' THEN s.waiting_name ELSE ''
        END AS event_name,
        CASE s.source
            WHEN 'given' THEN s.is_history WHEN 'waiting' THEN s.is_backfill
            ELSE s.source = 'own' AND %(is_history)s
        END AS is_history,
        s.source <> 'quiet' AND (s.source <> 'own' OR NOT %(is_quiet)s) AS is_told
    FROM sourced AS s
),

noted AS (
    INSERT INTO segments_membershipchange (
        tenant_id, profile_id, segment_id, entered, at, cause, event_id, event_name
    )
    SELECT %(tenant_id)s, profile_id, segment_id, entered, %(now)s, cause, event_id, event_name
    FROM caused
),

sums AS (
    SELECT
        segment_id,
        count(*) FILTER (WHERE entered) AS entered,
        count(*) FILTER (WHERE NOT entered) AS left_count
    FROM moved
    GROUP BY segment_id
),

counted AS (
    UPDATE segments_segment AS s
    SET member_count = s.member_count + (n.entered - n.left_count)::int
    FROM sums AS n
    WHERE s.tenant_id = %(tenant_id)s AND s.id = n.segment_id AND n.entered <> n.left_count
),

summed AS (
    INSERT INTO segments_membershipday AS y (tenant_id, segment_id, "on", entered, left_count)
    SELECT %(tenant_id)s, segment_id, %(today)s::date, entered, left_count
    FROM sums
    ON CONFLICT (tenant_id, segment_id, "on") DO UPDATE
    SET entered = y.entered + excluded.entered,
        left_count = y.left_count + excluded.left_count
)

SELECT profile_id, segment_id, entered, is_history
FROM caused
WHERE is_told
ORDER BY profile_id, segment_id
