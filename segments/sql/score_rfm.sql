-- Purpose: score and group buyers by given bounds; write what is new or different, remove who
--          buys no more, note each move between groups, keep the sums of the grid in step.
-- In: tenant_id and what the source of buyers takes; recency, frequency, monetary, the lowest
--     values that get scores 2 to 5; now; is_first, whether nobody was scored before.
--     is_full, whether everybody is scored.
-- Out: profile_id, recency, frequency, monetary, from_group, to_group. Of a full scoring the moves
--      between groups only, and none when is_first; else all that were asked for, so that facts
--      that were written anew take over what stayed.
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

compared AS (
    SELECT
        g.*,
        COALESCE(o."group", '') AS from_group,
        o.previous_group, o.changed_at,
        o.recency AS old_recency, o.frequency AS old_frequency, o.net_minor AS old_net_minor,
        (
            o.recency, o.frequency, o.monetary, o."group", o.last_order_on, o.order_count,
            o.net_minor
        ) IS DISTINCT FROM (
            g.recency, g.frequency, g.monetary, g.to_group, g.last_order_on, g.order_count,
            g.net_minor
        ) AS is_different
    FROM grouped AS g
    LEFT JOIN segments_rfmscore AS o
        ON o.tenant_id = %(tenant_id)s AND o.profile_id = g.profile_id
        AND (%(profile_ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(profile_ids)s::bigint[]))
),

kept AS (
    SELECT c.* FROM compared AS c WHERE c.is_different OR NOT %(is_full)s
),

gone AS (
    DELETE FROM segments_rfmscore AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND (%(profile_ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(profile_ids)s::bigint[]))
      AND NOT EXISTS (SELECT 1 FROM buyer AS b WHERE b.profile_id = o.profile_id)
    RETURNING o.profile_id, o."group" AS from_group, o.recency, o.frequency, o.net_minor
),

written AS (
    INSERT INTO segments_rfmscore AS o (
        tenant_id, profile_id, recency, frequency, monetary, "group", previous_group,
        last_order_on, order_count, net_minor, changed_at, scored_at
    )
    SELECT
        %(tenant_id)s, profile_id, recency, frequency, monetary, to_group,
        CASE WHEN from_group = to_group THEN previous_group ELSE from_group END,
        last_order_on, order_count, net_minor,
        CASE WHEN from_group = to_group THEN changed_at ELSE %(now)s END,
        %(now)s
    FROM kept
    WHERE is_different
    ON CONFLICT (tenant_id, profile_id) DO UPDATE
    SET (
        recency, frequency, monetary, "group", previous_group, last_order_on, order_count,
        net_minor, changed_at, scored_at
    ) = (
        excluded.recency, excluded.frequency, excluded.monetary, excluded."group",
        excluded.previous_group, excluded.last_order_on, excluded.order_count,
        excluded.net_minor, excluded.changed_at, excluded.scored_at
    )
),

summed AS (
    INSERT INTO segments_rfmsum AS s (
        tenant_id, recency, frequency, "group", profile_count, net_minor
    )
    SELECT %(tenant_id)s, n.recency, n.frequency, n."group", sum(n.people), sum(n.net_minor)
    FROM (
        SELECT b.*
        FROM kept AS k
        CROSS JOIN LATERAL (VALUES
            (k.recency, k.frequency, k.to_group, 1, k.net_minor),
            (k.old_recency, k.old_frequency, k.from_group, -1, -k.old_net_minor)
        ) AS b (recency, frequency, "group", people, net_minor)
        WHERE k.is_different AND b.recency IS NOT NULL
        UNION ALL
        SELECT recency, frequency, from_group, -1, -net_minor FROM gone
    ) AS n
    GROUP BY n.recency, n.frequency, n."group"
    HAVING sum(n.people) <> 0 OR sum(n.net_minor) <> 0
    ON CONFLICT (tenant_id, recency, frequency, "group") DO UPDATE
    SET profile_count = s.profile_count + excluded.profile_count,
        net_minor = s.net_minor + excluded.net_minor
),

touched AS (
    SELECT profile_id, recency, frequency, monetary, from_group, to_group
    FROM kept
    WHERE NOT %(is_first)s AND (from_group <> to_group OR NOT %(is_full)s)
    UNION ALL
    SELECT profile_id, NULL, NULL, NULL, from_group, ''
    FROM gone
),

noted AS (
    INSERT INTO segments_rfmchange (tenant_id, profile_id, at, from_group, to_group)
    SELECT %(tenant_id)s, profile_id, %(now)s, from_group, to_group
    FROM touched
    WHERE from_group <> to_group
    ON CONFLICT DO NOTHING
)

SELECT profile_id, recency, frequency, monetary, from_group, to_group
FROM touched
ORDER BY profile_id
