-- Purpose: what each entry and exit is told and kept as: an event, the clock, a changed definition.
-- In: tenant_id (%(tenant_id)s); gathered and waiting, tables of the statement that takes this in, of
--     those who move alike and of events that wait; single_id, of gathered, names one person of whom
--     it is asked by itself, and is NULL for many; cause, and whether
--     it is_quiet, is_history, and yields to an event that waits; rest, of segments that it cannot
--     move; segments, owns, quiets, counts, arrays of equal length: whether it can move a segment,
--     what moves of it are silently kept as or empty, and from when on an event that waits is told of
--     nevertheless, NULL for never; a segment that is not among them is its own and not quiet;
--     cause_profiles, causes, event_ids, event_names, histories, arrays of equal length, for
--     profiles with a cause of their own.
-- Out: single_id, segment_id, entered, part, profile_ids, cause, event_id, event_name, is_history,
--     is_told.
SELECT
    s.single_id, s.segment_id, s.entered, s.part, s.profile_ids,
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
FROM (
    SELECT
        m.single_id, m.segment_id, m.entered, m.part, m.profile_ids, g.cause, g.event_id, g.event_name, g.is_history,
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
    FROM gathered AS m
    LEFT JOIN unnest(
        %(segments)s::bigint[], %(owns)s::boolean[], %(quiets)s::text[], %(counts)s::timestamptz[]
    ) AS k (segment_id, is_own, quiet_as, counted_at) ON k.segment_id = m.segment_id
    LEFT JOIN unnest(
        %(cause_profiles)s::bigint[], %(causes)s::text[], %(event_ids)s::bigint[],
        %(event_names)s::text[], %(histories)s::boolean[]
    ) AS g (profile_id, cause, event_id, event_name, is_history) ON g.profile_id = m.single_id
    LEFT JOIN waiting AS w ON w.profile_id = m.single_id
) AS s
