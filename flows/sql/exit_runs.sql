-- flows/sql/exit_runs.sql
-- End runs early that are on their way or have failed, with the step that says why.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      run_ids    bigint[]     one element per run
--      reasons    text[]
--      now        timestamptz
-- out: -
--
-- A run that another worker finished meanwhile stays as it is.
WITH ended AS (
    UPDATE flows_flowrun AS r
    SET status = 'exited',
        exit_reason = e.reason,
        wake_at = NULL,
        is_waiting = FALSE,
        finished_at = %(now)s
    FROM unnest(%(run_ids)s::bigint[], %(reasons)s::text[]) AS e (run_id, reason)
    WHERE r.tenant_id = %(tenant_id)s
      AND r.id = e.run_id
      AND r.status IN ('active', 'paused', 'failed')
    RETURNING r.id, r.current_node, r.visit, r.exit_reason
)
INSERT INTO flows_runstep (tenant_id, run_id, node_id, visit, result, at)
SELECT %(tenant_id)s, n.id, n.current_node, n.visit, 'exited: ' || n.exit_reason, %(now)s
FROM ended AS n
ON CONFLICT (tenant_id, run_id, node_id, visit) DO NOTHING;
