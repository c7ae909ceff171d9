-- Purpose: decide all segments of some profiles in one scan and write what is different:
--          memberships, entries and exits with their cause, sizes, movement by day, and the events
--          that tell of them.
-- In: tenant_id; now; today, its local day; waiting, the query for events that wait; many, so many
--     people who move alike make one row; what decide_memberships.sql, cause_moves.sql and
--     tell_moves.sql take.
-- Out: told and heard, how many entries and exits were told of, and of how many somebody has to hear.
-- Why: the caller holds the row of upkeep, so that nobody else takes the same difference, and nobody
--      is merged or erased meanwhile: profiles need no lock for the events of them. Who moves
--      alike is kept together: of everybody, a row with three indexes for each move took most of the
--      time; and so they are gathered before it is asked why, which is asked one by one of those
--      alone who have a cause of their own or for whom an event waits. A part is 8,192 ids.
WITH different AS (
    {segments.decide_memberships}
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
    SELECT d.profile_id, d.is_live, d.segment_ids, d.old_ids
    FROM different AS d
    WHERE d.segment_ids <> d.old_ids
),

waiting AS (
    {waiting}
),

single AS (
    SELECT w.profile_id FROM waiting AS w
    UNION
    SELECT g.profile_id FROM unnest(%(cause_profiles)s::bigint[]) AS g (profile_id)
),

gathered AS (
    {segments.gather_moves}
),

caused AS (
    {segments.cause_moves}
),

alike AS (
    SELECT
        c.segment_id, c.entered, c.cause, c.event_id, c.event_name, c.is_history, c.is_told,
        c.part, c.profile_ids
    FROM caused AS c
    WHERE c.single_id IS NULL
    UNION ALL
    SELECT
        c.segment_id, c.entered, c.cause, c.event_id, c.event_name, c.is_history, c.is_told,
        c.part, array_agg(c.single_id) AS profile_ids
    FROM caused AS c
    WHERE c.single_id IS NOT NULL
    GROUP BY
        c.segment_id, c.entered, c.cause, c.event_id, c.event_name, c.is_history, c.is_told, c.part
),

together AS MATERIALIZED (
    SELECT
        a.*, cardinality(a.profile_ids) AS people,
        a.event_id IS NULL
        AND a.event_name = '' AND cardinality(a.profile_ids) >= %(many)s AS is_many
    FROM alike AS a
),

noted_together AS (
    INSERT INTO segments_membershipmove (
        tenant_id, id, segment_id, part, entered, at, cause, people, profile_ids
    )
    SELECT
        %(tenant_id)s,
        nextval(pg_get_serial_sequence('segments_membershipchange', 'id')::regclass),
        t.segment_id, t.part, t.entered, %(now)s, t.cause, t.people, t.profile_ids
    FROM together AS t
    WHERE t.is_many
),

noted AS (
    INSERT INTO segments_membershipchange (
        tenant_id, profile_id, segment_id, entered, at, cause, event_id, event_name
    )
    SELECT
        %(tenant_id)s, n.profile_id, t.segment_id, t.entered, %(now)s, t.cause, t.event_id,
        t.event_name
    FROM together AS t
    CROSS JOIN LATERAL unnest(t.profile_ids) AS n (profile_id)
    WHERE NOT t.is_many
    ORDER BY n.profile_id, t.entered DESC, t.segment_id
),

sums AS (
    SELECT
        segment_id,
        COALESCE(sum(people) FILTER (WHERE entered), 0) AS entered,
        COALESCE(sum(people) FILTER (WHERE NOT entered), 0) AS left_count
    FROM together
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
),

fresh AS MATERIALIZED (
    {segments.tell_moves}
),

told AS (
    {crm.write_events}
),

heard AS (
    SELECT f.* FROM fresh AS f WHERE f.is_heard
),

reacted AS (
    {crm.note_reactions}
)

SELECT count(*) AS told, count(*) FILTER (WHERE f.is_heard) AS heard FROM fresh AS f
