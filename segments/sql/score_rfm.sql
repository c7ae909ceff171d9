-- Purpose: score and group buyers by given bounds; write what is new or different, remove who
--          buys no more, note each move between groups.
-- In: tenant_id and what the source of buyers takes; recency, frequency, monetary, the lowest
--     values that get scores 2 to 5; now; is_first, whether nobody was scored before.
-- Out: profile_id, from_group, to_group of each move; none when is_first.
-- Why: both modes and the changed profiles of an order go through this one statement. Rows that
--      stay as they are must not even be locked, hence the difference before the write.
WITH buyer AS (
    {buyers}
),

scored AS (
    SELECT
        profile_id,
        last_order_on,
        order_count,
        net_minor,
        1 + (last_order_on >= (%(recency)s::date[])[1])::int
        + (last_order_on >= (%(recency)s::date[])[2])::int
        + (last_order_on >= (%(recency)s::date[])[3])::int
        + (last_order_on >= (%(recency)s::date[])[4])::int AS recency,
        1 + (order_count >= (%(frequency)s::int[])[1])::int
        + (order_count >= (%(frequency)s::int[])[2])::int
        + (order_count >= (%(frequency)s::int[])[3])::int
        + (order_count >= (%(frequency)s::int[])[4])::int AS frequency,
        1 + (net_minor >= (%(monetary)s::bigint[])[1])::int
        + (net_minor >= (%(monetary)s::bigint[])[2])::int
        + (net_minor >= (%(monetary)s::bigint[])[3])::int
        + (net_minor >= (%(monetary)s::bigint[])[4])::int AS monetary
    FROM buyer
),

grouped AS (
    SELECT
        s.*,
        CASE
            WHEN s.recency >= 4 AND s.frequency >= 4 AND s.monetary >= 4 THEN 'champions'
            WHEN s.recency >= 3 AND s.frequency >= 4 THEN 'loyal'
            WHEN s.order_count = 1 AND s.recency >= 4 THEN 'potential'
            WHEN s.recency >= 4 THEN 'promising'
            WHEN s.order_count = 1 THEN 'one_time_lapsed'
            WHEN s.recency = 3 THEN 'needs_attention'
            WHEN s.recency = 2 THEN 'at_risk'
            WHEN s.frequency >= 3 OR s.monetary >= 4 THEN 'lapsed_regular'
            ELSE 'lost'
        END AS to_group
    FROM scored AS s
),

different AS (
    SELECT
        g.*,
        COALESCE(o."group", '') AS from_group,
        o.previous_group,
        o.changed_at
    FROM grouped AS g
    LEFT JOIN segments_rfmscore AS o
        ON o.tenant_id = %(tenant_id)s AND o.profile_id = g.profile_id
    WHERE o.profile_id IS NULL
       OR o.recency <> g.recency OR o.frequency <> g.frequency OR o.monetary <> g.monetary
       OR o."group" <> g.to_group OR o.last_order_on <> g.last_order_on
       OR o.order_count <> g.order_count OR o.net_minor <> g.net_minor
),

gone AS (
    DELETE FROM segments_rfmscore AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND (%(profile_ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(profile_ids)s::bigint[]))
      AND NOT EXISTS (SELECT 1 FROM buyer AS b WHERE b.profile_id = o.profile_id)
    RETURNING o.profile_id, o."group" AS from_group
),

written AS (
    INSERT INTO segments_rfmscore AS o (
        tenant_id, profile_id, recency, frequency, monetary, "group", previous_group,
        last_order_on, order_count, net_minor, changed_at
    )
    SELECT
        %(tenant_id)s, profile_id, recency, frequency, monetary, to_group,
        CASE WHEN from_group = to_group THEN previous_group ELSE from_group END,
        last_order_on, order_count, net_minor,
        CASE WHEN from_group = to_group THEN changed_at ELSE %(now)s END
    FROM different
    ON CONFLICT (tenant_id, profile_id) DO UPDATE
    SET recency = excluded.recency,
        frequency = excluded.frequency,
        monetary = excluded.monetary,
        "group" = excluded."group",
        previous_group = excluded.previous_group,
        last_order_on = excluded.last_order_on,
        order_count = excluded.order_count,
        net_minor = excluded.net_minor,
        changed_at = excluded.changed_at
),

moved AS (
    SELECT profile_id, from_group, to_group
    FROM different
    WHERE from_group <> to_group AND NOT %(is_first)s
    UNION ALL
    SELECT profile_id, from_group, '' AS to_group
    FROM gone
),

noted AS (
    INSERT INTO segments_rfmchange (tenant_id, profile_id, at, from_group, to_group)
    SELECT %(tenant_id)s, profile_id, %(now)s, from_group, to_group
    FROM moved
    ON CONFLICT DO NOTHING
)

SELECT profile_id, from_group, to_group
FROM moved
ORDER BY profile_id
