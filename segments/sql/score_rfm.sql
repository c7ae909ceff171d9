-- Purpose: score and group buyers by given bounds; write what is new or different, remove who buys
--          no more, note moves between groups, keep the sums of the grid and of the days in step.
-- In: tenant_id and what the source of buyers takes; recency, frequency, monetary, the lowest
--     values that get scores 2 to 5; now; is_first, nobody was scored before; is_full, all are.
-- Out: profile_id, recency, frequency, monetary, from_group, to_group. Of a full scoring the moves
--      between groups only, and none when is_first; else all that were asked for, so that facts
--      that were written anew take over what stayed.
-- Why: both modes and the changed profiles of an order go through this one statement. Rows that
--      stay as they are must not even be locked, hence the difference before the write; nobody
--      else writes scores meanwhile (`lock_upkeep`), so no insert has to look for a conflict.
--      The buyers are read twice, because a CTE with two readers would be kept as rows in
--      between; OFFSET 0 keeps their days from being worked out for each comparison.
WITH buyer AS (
    {buyers}
    OFFSET 0
),

grouped AS (
    {segments.group_buyers}
),

compared AS (
    SELECT
        g.*,
        COALESCE(o."group", '') AS from_group,
        o.recency AS old_recency, o.frequency AS old_frequency, o.net_minor AS old_net_minor,
        o.last_order_on AS old_last_order_on,
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
      AND NOT EXISTS (
          SELECT 1 FROM (
              {buyers}
          ) AS b WHERE b.profile_id = o.profile_id
      )
    RETURNING
        o.profile_id, o."group" AS from_group, o.recency, o.frequency, o.net_minor, o.last_order_on
),

added AS (
    INSERT INTO segments_rfmscore (
        tenant_id, profile_id, recency, frequency, monetary, "group", last_order_on, order_count,
        net_minor, changed_at, scored_at
    )
    SELECT
        %(tenant_id)s, profile_id, recency, frequency, monetary, to_group, last_order_on,
        order_count, net_minor, %(now)s, %(now)s
    FROM kept
    WHERE old_recency IS NULL
),

altered AS (
    UPDATE segments_rfmscore AS o
    SET recency = k.recency, frequency = k.frequency, monetary = k.monetary, "group" = k.to_group,
        last_order_on = k.last_order_on, order_count = k.order_count, net_minor = k.net_minor,
        previous_group = CASE o."group" WHEN k.to_group THEN o.previous_group ELSE o."group" END,
        changed_at = CASE o."group" WHEN k.to_group THEN o.changed_at ELSE %(now)s END,
        scored_at = %(now)s
    FROM kept AS k
    WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = k.profile_id
      AND (%(profile_ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(profile_ids)s::bigint[]))
      AND k.is_different AND k.old_recency IS NOT NULL
),

moved AS (
    SELECT
        recency, frequency, to_group, last_order_on,
        old_recency, old_frequency, from_group, old_last_order_on,
        count(*) AS people,
        sum(net_minor) AS net_minor,
        sum(old_net_minor) AS old_net_minor
    FROM kept
    WHERE is_different
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),

summed AS (
    INSERT INTO segments_rfmsum AS s (tenant_id, recency, frequency, "group", profile_count, net_minor)
    SELECT %(tenant_id)s, n.recency, n.frequency, n."group", sum(n.people), sum(n.net_minor)
    FROM (
        SELECT recency, frequency, to_group AS "group", people, net_minor
        FROM moved
        UNION ALL
        SELECT old_recency, old_frequency, from_group, -people, -old_net_minor
        FROM moved
        WHERE old_recency IS NOT NULL
        UNION ALL
        SELECT recency, frequency, from_group, -1, -net_minor FROM gone
    ) AS n
    GROUP BY n.recency, n.frequency, n."group"
    HAVING sum(n.people) <> 0 OR sum(n.net_minor) <> 0
    ON CONFLICT (tenant_id, recency, frequency, "group") DO UPDATE
    SET profile_count = s.profile_count + excluded.profile_count,
        net_minor = s.net_minor + excluded.net_minor
),

dated AS (
    INSERT INTO segments_rfmday AS d (tenant_id, last_order_on, profile_count)
    SELECT %(tenant_id)s, n.last_order_on, sum(n.people)
    FROM (
        SELECT last_order_on, people FROM moved
        UNION ALL
        SELECT old_last_order_on, -people FROM moved WHERE old_last_order_on IS NOT NULL
        UNION ALL
        SELECT last_order_on, -1 FROM gone
    ) AS n
    GROUP BY n.last_order_on
    HAVING sum(n.people) <> 0
    ON CONFLICT (tenant_id, last_order_on) DO UPDATE
    SET profile_count = d.profile_count + excluded.profile_count
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
