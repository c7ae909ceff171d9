-- Purpose: keep the latest opens, clicks and visits of merged profiles at their winner.
-- In: losers, winners (arrays of equal length). Out: nothing. The losers' facts go.
WITH gone AS (
    DELETE FROM crm_profilefacts AS f
    USING unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
    WHERE f.tenant_id = %(tenant_id)s AND f.profile_id = m.loser
    RETURNING m.winner, f.last_opened_at, f.last_clicked_at, f.last_seen_at, f.points_balance
)
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, last_opened_at, last_clicked_at, last_seen_at, points_balance
)
SELECT
    %(tenant_id)s, g.winner, max(g.last_opened_at), max(g.last_clicked_at), max(g.last_seen_at),
    sum(g.points_balance)
FROM gone AS g
GROUP BY g.winner
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    last_opened_at = GREATEST(f.last_opened_at, EXCLUDED.last_opened_at),
    last_clicked_at = GREATEST(f.last_clicked_at, EXCLUDED.last_clicked_at),
    last_seen_at = GREATEST(f.last_seen_at, EXCLUDED.last_seen_at),
    points_balance = f.points_balance + EXCLUDED.points_balance
