-- Remove the accounts of profiles that are merged into others and add their balances to those of
-- the winners; their entries and lots have moved on.
--
-- in:  tenant_id        bigint    added by kernel.sql.run_sql
--      losers, winners  bigint[]  one element per pair
-- out: winner    those whose lots must be settled: somebody owed points, or time will move some
--
-- How many have points is counted as in add_holders, which never waits.
WITH gone AS (
    DELETE FROM loyalty_pointsaccount AS a
    USING unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
    WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = m.loser
    RETURNING a.profile_id AS loser, a.balance, a.due_at, m.winner
),

summed AS (
    SELECT
        g.winner, sum(g.balance)::bigint AS added,
        bool_or(g.balance < 0 OR g.due_at IS NOT NULL) AS is_moved
    FROM gone AS g
    GROUP BY g.winner
),

united AS (
    INSERT INTO loyalty_pointsaccount AS a (tenant_id, profile_id, balance)
    SELECT %(tenant_id)s, s.winner, s.added
    FROM summed AS s
    ORDER BY s.winner
    ON CONFLICT (tenant_id, profile_id) DO UPDATE
    SET balance = a.balance + excluded.balance
    RETURNING a.profile_id AS winner, a.balance, a.due_at
),

moved AS (
    SELECT
        (
            SELECT coalesce(sum((u.balance > 0)::int - (u.balance - s.added > 0)::int), 0)
            FROM united AS u
            JOIN summed AS s ON s.winner = u.winner
        ) - (SELECT count(*) FROM gone AS g WHERE g.balance > 0) AS holders
),

free AS (
    SELECT h.id
    FROM loyalty_holdercount AS h
    WHERE h.tenant_id = %(tenant_id)s
    ORDER BY h.id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
),

counted AS (
    UPDATE loyalty_holdercount AS h
    SET holders = h.holders + m.holders
    FROM free AS f
    CROSS JOIN moved AS m
    WHERE h.tenant_id = %(tenant_id)s AND h.id = f.id AND m.holders <> 0
    RETURNING h.id
),

begun AS (
    INSERT INTO loyalty_holdercount (tenant_id, holders)
    SELECT %(tenant_id)s, m.holders
    FROM moved AS m
    WHERE m.holders <> 0 AND NOT EXISTS (SELECT 1 FROM counted)
    ON CONFLICT DO NOTHING
)

SELECT u.winner
FROM united AS u
JOIN summed AS s ON s.winner = u.winner
WHERE s.is_moved OR u.due_at IS NOT NULL OR u.balance < s.added;
