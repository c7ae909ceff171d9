-- flows/sql/record_entries.sql
-- Record what became of each event that knocked at a flow.
--
-- in:  tenant_id                        bigint       added by kernel.sql.run_sql
--      flow_ids, profile_ids, event_ids bigint[]     one element per attempt
--      outcomes, reasons                text[]
--      now                              timestamptz
-- out: -
INSERT INTO flows_flowentry (tenant_id, flow_id, profile_id, event_id, outcome, reason, at)
SELECT %(tenant_id)s, a.flow_id, a.profile_id, a.event_id, a.outcome, a.reason, %(now)s
FROM unnest(
    %(flow_ids)s::bigint[], %(profile_ids)s::bigint[], %(event_ids)s::bigint[],
    %(outcomes)s::text[], %(reasons)s::text[]
) AS a (flow_id, profile_id, event_id, outcome, reason)
ON CONFLICT (tenant_id, flow_id, event_id) DO NOTHING;
