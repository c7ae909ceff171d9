-- loyalty/sql/move_points.sql
-- Bring balances and lots of accounts along with new entries.
--
-- in:  tenant_id    bigint         added by kernel.sql.run_sql
--      owners       bigint[]       accounts, each once; they are locked
--      entry_ids    bigint[]       new entries of these accounts; may be none
--      profile_ids, kinds, points, order_ids, times    of each entry
--      openings     text[]         source key of the balance that each posts back; empty: none
--      zone         text           IANA zone that says when a day ends
--      now          timestamptz
-- out: profile_id, balance, pending, expiring, expire_at    of every account after the change
--
-- An entry above zero is a lot, unless it gives back what expired. What an order or an opening
-- balance is taken back comes from its own lots first; whatever else is missing comes from points
-- that can be used before those that cannot yet, and there from those that expire first; what has
-- expired, and the clock has not seen yet, comes last. Points that are earned below zero pay what
-- is owed. So the lots of an account always hold its balance, or nothing where that is below zero.
-- With no entries it only sees to that, as after a merge of somebody who owes.
WITH moved AS (
    SELECT n.entry_id, n.profile_id, n.kind, n.points, n.order_id, n.effective_at, n.opening
    FROM unnest(
        %(entry_ids)s::bigint[], %(profile_ids)s::bigint[], %(kinds)s::text[],
        %(points)s::bigint[], %(order_ids)s::bigint[], %(times)s::timestamptz[],
        %(openings)s::text[]
    ) AS n (entry_id, profile_id, kind, points, order_id, effective_at, opening)
),
account AS (
    SELECT a.profile_id, (a.balance + coalesce(sum(m.points), 0))::bigint AS balance
    FROM loyalty_pointsaccount AS a
    LEFT JOIN moved AS m ON m.profile_id = a.profile_id
    WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = ANY(%(owners)s::bigint[])
    GROUP BY a.profile_id, a.balance
),
made AS (
    {loyalty.lots_made}
),
lot AS (
    SELECT
        l.id, l.profile_id, l.order_id, l.earned, l.remaining AS had, l.is_pending,
        l.activates_at, l.expires_at, l.warned, FALSE AS is_new
    FROM loyalty_pointslot AS l
    WHERE l.tenant_id = %(tenant_id)s
      AND l.profile_id = ANY(%(owners)s::bigint[])
      AND l.remaining > 0
    UNION ALL
    SELECT
        n.entry_id, n.profile_id, n.order_id, n.points, n.points,
        coalesce(n.activates_at > %(now)s, FALSE), n.activates_at, n.expires_at, 0, TRUE
    FROM made AS n
),
taken AS (
    SELECT m.profile_id, m.order_id, -sum(m.points) AS points
    FROM moved AS m
    WHERE m.points < 0 AND m.order_id IS NOT NULL
    GROUP BY m.profile_id, m.order_id
),
brought AS (
    SELECT -m.points AS points, (
        SELECT e.id
        FROM loyalty_pointsentry AS e
        WHERE e.tenant_id = %(tenant_id)s AND e.kind = 'open' AND e.source_key = m.opening
    ) AS lot_id
    FROM moved AS m
    WHERE m.opening <> ''
),
owned AS (
    SELECT
        l.*, CASE WHEN b.lot_id IS NOT NULL THEN least(l.had, b.points) ELSE
            greatest(0, least(l.had, coalesce(t.points, 0) + l.had - sum(l.had) OVER (
                PARTITION BY l.profile_id, l.order_id ORDER BY l.id
            )))
        END AS own
    FROM lot AS l
    LEFT JOIN taken AS t ON t.profile_id = l.profile_id AND t.order_id = l.order_id
    LEFT JOIN brought AS b ON b.lot_id = l.id
),
pool AS (
    SELECT
        o.*, o.had - o.own AS rest,
        sum(o.had - o.own) OVER (PARTITION BY o.profile_id) - greatest(0, a.balance) AS missing,
        sum(o.had - o.own) OVER (
            PARTITION BY o.profile_id
            ORDER BY
                coalesce(o.expires_at <= %(now)s, FALSE), o.is_pending,
                o.expires_at NULLS LAST, o.id
        ) AS upto
    FROM owned AS o
    JOIN account AS a ON a.profile_id = o.profile_id
),
settled AS (
    SELECT p.*, p.rest - greatest(0, least(p.rest, p.missing + p.rest - p.upto)) AS remaining
    FROM pool AS p
),
written AS (
    INSERT INTO loyalty_pointslot (
        tenant_id, id, profile_id, order_id, earned, remaining, is_pending, activates_at, expires_at
    )
    SELECT
        %(tenant_id)s, s.id, s.profile_id, s.order_id, s.earned, s.remaining, s.is_pending,
        s.activates_at, s.expires_at
    FROM settled AS s
    WHERE s.is_new OR s.remaining <> s.had
    ORDER BY s.id
    ON CONFLICT (tenant_id, id) DO UPDATE SET remaining = excluded.remaining
),
ahead AS (
    {loyalty.lots_ahead}
),
updated AS (
    UPDATE loyalty_pointsaccount AS a
    SET balance = c.balance, due_at = h.due_at
    FROM account AS c
    LEFT JOIN ahead AS h ON h.profile_id = c.profile_id
    WHERE a.tenant_id = %(tenant_id)s
      AND a.profile_id = ANY(%(owners)s::bigint[])
      AND a.profile_id = c.profile_id
      AND (a.balance, a.due_at) IS DISTINCT FROM (c.balance, h.due_at)
)
SELECT
    c.profile_id, c.balance, coalesce(h.pending, 0)::bigint AS pending,
    coalesce(h.expiring, 0)::bigint AS expiring, h.expire_at
FROM account AS c
LEFT JOIN ahead AS h ON h.profile_id = c.profile_id;
