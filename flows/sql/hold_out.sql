-- flows/sql/hold_out.sql
-- Keep those who would have entered and are held out, with what they would have been sent.
--
-- in:  tenant_id                           bigint       added by kernel.sql.run_sql
--      flow_ids, version_ids, profile_ids  bigint[]     one element per person
--      run_keys                            text[]
--      event_ids                           bigint[]     what would have started it
--      decisions                           jsonb[]
--      now                                 timestamptz
-- out: -
INSERT INTO flows_heldout (
    tenant_id, flow_id, version_id, profile_id, run_key, trigger_event_id, decision, at
)
SELECT
    %(tenant_id)s, h.flow_id, h.version_id, h.profile_id, h.run_key, h.event_id, h.decision,
    %(now)s
FROM unnest(
    %(flow_ids)s::bigint[], %(version_ids)s::bigint[], %(profile_ids)s::bigint[],
    %(run_keys)s::text[], %(event_ids)s::bigint[], %(decisions)s::jsonb[]
) AS h (flow_id, version_id, profile_id, run_key, event_id, decision)
ON CONFLICT (tenant_id, flow_id, profile_id, run_key) DO NOTHING;
