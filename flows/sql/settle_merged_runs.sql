-- Before profiles are merged: of the runs of one flow and key that would be one person's, keep the
-- furthest; give the others another key and end those that are still on their way or have failed.
--
-- in:  tenant_id        bigint       added by kernel.sql.run_sql
--      losers, winners  bigint[]     one element per pair
--      now              timestamptz
-- out: -
--
-- Further is who passed more nodes, of equals who is at the end, then the winner's: nobody is sent
-- again what one of both has had. An undo gives the keys back, but starts nothing that has ended.
WITH member AS (
    SELECT m.loser AS profile_id, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
    UNION
    SELECT m.winner, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
),

ranked AS (
    SELECT
        r.id,
        row_number() OVER (
            PARTITION BY b.winner, r.flow_id, r.run_key
            ORDER BY
                (
                    SELECT count(*)
                    FROM flows_runstep AS s
                    WHERE s.tenant_id = %(tenant_id)s AND s.run_id = r.id
                ) DESC,
                (r.status IN ('active', 'paused', 'failed')),
                (r.profile_id <> b.winner),
                r.id
        ) AS place
    FROM member AS b
    JOIN flows_flowrun AS r ON r.tenant_id = %(tenant_id)s AND r.profile_id = b.profile_id
)

UPDATE flows_flowrun AS r
SET run_key = r.run_key || ':merged:' || r.profile_id,
    status = CASE WHEN r.status IN ('active', 'paused', 'failed') THEN 'exited' ELSE r.status END,
    exit_reason = CASE WHEN r.status IN ('active', 'paused', 'failed') THEN 'merged profile is in this flow already'
        ELSE r.exit_reason END,
    finished_at = CASE WHEN r.status IN ('active', 'paused', 'failed') THEN %(now)s ELSE r.finished_at END,
    wake_at = NULL,
    is_waiting = FALSE
FROM ranked AS k
WHERE r.tenant_id = %(tenant_id)s AND r.id = k.id AND k.place > 1;
