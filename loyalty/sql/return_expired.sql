-- loyalty/sql/return_expired.sql
-- Give back what expired of points that are taken back now, so that nobody loses them twice.
--
-- in:  tenant_id    bigint         added by kernel.sql.run_sql
--      entry_ids    bigint[]       new entries of orders, and of opening balances posted back
--      profile_ids, points, order_ids, times    of each entry; their accounts are locked
--      openings     text[]         source key of the balance that each posts back; empty: none
--      note         text
-- out: id, profile_id, kind, points, source_key, order_id, effective_at   of the new entries
--
-- Only what the lots of the order or balance no longer hold can have expired before. It counts on
-- the day of what takes it, so that the two of them cancel out. No lot is made of it.
WITH need AS (
    SELECT
        n.profile_id, n.order_id, n.opening, -sum(n.points) AS points,
        max(n.entry_id) AS entry_id, max(n.effective_at) AS effective_at
    FROM unnest(
        %(entry_ids)s::bigint[], %(profile_ids)s::bigint[], %(points)s::bigint[],
        %(order_ids)s::bigint[], %(times)s::timestamptz[], %(openings)s::text[]
    ) AS n (entry_id, profile_id, points, order_id, effective_at, opening)
    GROUP BY n.profile_id, n.order_id, n.opening
    HAVING sum(n.points) < 0
),
lot AS (
    SELECT n.*, l.id, l.remaining, l.lapses
    FROM need AS n
    JOIN loyalty_pointslot AS l
        ON l.tenant_id = %(tenant_id)s
        AND l.profile_id = n.profile_id
        AND l.order_id = n.order_id
    UNION ALL
    SELECT n.*, l.id, l.remaining, l.lapses
    FROM need AS n
    JOIN loyalty_pointsentry AS e
        ON e.tenant_id = %(tenant_id)s AND e.kind = 'open' AND e.source_key = n.opening
    JOIN loyalty_pointslot AS l
        ON l.tenant_id = %(tenant_id)s AND l.id = e.id AND l.profile_id = n.profile_id
    WHERE n.order_id IS NULL
),
short AS (
    SELECT
        o.*, o.points - sum(o.remaining) OVER (PARTITION BY o.entry_id) AS missing
    FROM lot AS o
),
gone AS (
    SELECT
        s.id, s.profile_id, s.entry_id, s.effective_at, s.missing, x.points,
        sum(x.points) OVER (PARTITION BY s.entry_id ORDER BY s.id) AS upto
    FROM short AS s
    CROSS JOIN LATERAL (
        SELECT -sum(e.points) AS points
        FROM loyalty_pointsentry AS e
        WHERE e.tenant_id = %(tenant_id)s
          AND e.profile_id = s.profile_id
          AND e.kind = 'expire'
          AND split_part(e.source_key, ':', 2) = s.id::text
    ) AS x
    WHERE s.lapses > 0 AND s.missing > 0 AND x.points > 0
)
INSERT INTO loyalty_pointsentry (
    tenant_id, profile_id, kind, points, source_key, effective_at, note
)
SELECT
    %(tenant_id)s, g.profile_id, 'expire', least(g.points, g.missing + g.points - g.upto),
    'lot:' || g.id || ':back:' || g.entry_id, g.effective_at, %(note)s
FROM gone AS g
WHERE g.missing + g.points > g.upto
ORDER BY g.effective_at, g.id
ON CONFLICT (tenant_id, kind, source_key) DO NOTHING
RETURNING id, profile_id, kind, points, source_key, order_id, effective_at;
