-- flows/sql/exit_flow.sql
-- End every run of a flow that is still on its way or has failed, with the step that says why.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      flow_id    bigint
--      reason     text
--      now        timestamptz
-- out: -
WITH ended AS (
    UPDATE flows_flowrun AS r
    SET status = 'exited',
        exit_reason = %(reason)s,
        wake_at = NULL,
        is_waiting = FALSE,
        finished_at = %(now)s
    WHERE r.tenant_id = %(tenant_id)s
      AND r.flow_id = %(flow_id)s
      AND r.status IN ('active', 'paused', 'failed')
    RETURNING r.id, r.current_node, r.visit
)
INSERT INTO flows_runstep (tenant_id, run_id, node_id, visit, result, at)
SELECT %(tenant_id)s, n.id, n.current_node, n.visit, 'exited: ' || %(reason)s, %(now)s
FROM ended AS n
ON CONFLICT (tenant_id, run_id, node_id, visit) DO NOTHING;
