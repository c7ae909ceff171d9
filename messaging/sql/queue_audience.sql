-- messaging/sql/queue_audience.sql
-- Insert one message to each of many people; one whose key exists is left as it is.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      now          timestamptz
--      profile_ids  bigint[]
--      key, channel, message_class, template_id, flow_id, node_id, context, due_at
--                   the same for all; the key of a message ends with its profile
-- out: row count = new messages
-- why: a campaign to half a million people is queued in a few dozen of these. People are locked
--      first, so that a merge under way is waited for and its winner written to, once.
WITH asked AS (
    SELECT COALESCE(p.merged_into_id, p.id) AS profile_id
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s
      AND p.id = ANY(%(profile_ids)s::bigint[])
    ORDER BY p.id
    FOR KEY SHARE
)
INSERT INTO messaging_message (
    tenant_id, key, profile_id, channel, message_class, template_id, flow_id, node_id, context,
    due_at, planned_at, created_at
)
SELECT
    %(tenant_id)s, %(key)s || ':' || asked.profile_id, asked.profile_id, %(channel)s,
    %(message_class)s, %(template_id)s, %(flow_id)s::bigint, %(node_id)s, %(context)s::jsonb,
    %(due_at)s, %(due_at)s, %(now)s
FROM asked
ON CONFLICT (tenant_id, key) DO NOTHING
