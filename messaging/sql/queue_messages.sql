-- messaging/sql/queue_messages.sql
-- Insert messages; one whose key exists is left as it is.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      now        timestamptz
--      keys, profiles, channels, classes, templates, flows, runs, nodes, contexts, dues
--                         arrays of one length, one element per message
-- out: row count = new messages
-- why: flows queue hundreds at a time inside their own transaction.
INSERT INTO messaging_message (
    tenant_id, key, profile_id, channel, message_class, template_id,
    flow_id, flow_run_id, node_id, context, due_at, planned_at, created_at
)
SELECT
    %(tenant_id)s, new.key, new.profile_id, new.channel, new.message_class, new.template_id,
    new.flow_id, new.flow_run_id, new.node_id, new.context, new.due_at, new.due_at, %(now)s
FROM unnest(
    %(keys)s::text[], %(profiles)s::bigint[], %(channels)s::text[], %(classes)s::text[],
    %(templates)s::bigint[], %(flows)s::bigint[], %(runs)s::bigint[], %(nodes)s::text[],
    %(contexts)s::jsonb[], %(dues)s::timestamptz[]
) AS new (
    key, profile_id, channel, message_class, template_id,
    flow_id, flow_run_id, node_id, context, due_at
)
ON CONFLICT (tenant_id, key) DO NOTHING
