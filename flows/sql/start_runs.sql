-- flows/sql/start_runs.sql
-- Start runs; a profile that has a run of this key already starts none.
--
-- in:  tenant_id                                bigint       added by kernel.sql.run_sql
--      flow_ids, version_ids, profile_ids       bigint[]     one element per run
--      run_keys, entry_nodes                    text[]
--      event_ids                                bigint[]     what started it
--      triggers                                 jsonb[]
--      now                                      timestamptz  when the runs start and are due
-- out: flow_id, trigger_event_id                of the runs that were really started
INSERT INTO flows_flowrun (
    tenant_id, flow_id, version_id, profile_id, run_key, trigger_event_id, trigger,
    current_node, wake_at, started_at
)
SELECT
    %(tenant_id)s, r.flow_id, r.version_id, r.profile_id, r.run_key, r.event_id, r.trigger,
    r.entry_node, %(now)s, %(now)s
FROM unnest(
    %(flow_ids)s::bigint[], %(version_ids)s::bigint[], %(profile_ids)s::bigint[],
    %(run_keys)s::text[], %(event_ids)s::bigint[], %(triggers)s::jsonb[], %(entry_nodes)s::text[]
) AS r (flow_id, version_id, profile_id, run_key, event_id, trigger, entry_node)
ON CONFLICT (tenant_id, flow_id, profile_id, run_key) DO NOTHING
RETURNING flow_id, trigger_event_id;
