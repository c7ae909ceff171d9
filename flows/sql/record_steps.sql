-- flows/sql/record_steps.sql
-- Record visits of nodes.
--
-- in:  tenant_id       bigint       added by kernel.sql.run_sql
--      run_ids         bigint[]     one element per visit
--      nodes, results  text[]
--      visits          integer[]
--      now             timestamptz
-- out: -
INSERT INTO flows_runstep (tenant_id, run_id, node_id, visit, result, at)
SELECT %(tenant_id)s, s.run_id, s.node, s.visit, s.result, %(now)s
FROM unnest(
    %(run_ids)s::bigint[], %(nodes)s::text[], %(visits)s::integer[], %(results)s::text[]
) AS s (run_id, node, visit, result)
ON CONFLICT (tenant_id, run_id, node_id, visit) DO NOTHING;
