-- flows/sql/settle_merged_runs.sql
-- Before profiles are merged: give a run of a loser another key where the winner, or a loser
-- before it, has a run of the same key, and end it if it is still on its way.
--
-- in:  tenant_id        bigint       added by kernel.sql.run_sql
--      losers, winners  bigint[]     one element per pair
--      now              timestamptz
-- out: -
WITH pair AS (
    SELECT m.loser, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
)
UPDATE flows_flowrun AS r
SET run_key = r.run_key || ':merged:' || r.profile_id,
    status = CASE WHEN r.status = 'active' THEN 'exited' ELSE r.status END,
    exit_reason = CASE WHEN r.status = 'active' THEN 'merged profile is in this flow already'
        ELSE r.exit_reason END,
    finished_at = CASE WHEN r.status = 'active' THEN %(now)s ELSE r.finished_at END,
    wake_at = NULL,
    is_waiting = FALSE
FROM pair AS m
WHERE r.tenant_id = %(tenant_id)s
  AND r.profile_id = m.loser
  AND EXISTS (
      SELECT 1
      FROM flows_flowrun AS o
      WHERE o.tenant_id = %(tenant_id)s
        AND o.flow_id = r.flow_id
        AND o.run_key = r.run_key
        AND (
            o.profile_id = m.winner
            OR o.profile_id IN (
                SELECT b.loser FROM pair AS b WHERE b.winner = m.winner AND b.loser < m.loser
            )
        )
  );
