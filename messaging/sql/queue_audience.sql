-- messaging/sql/queue_audience.sql
-- Insert one message to each of many people; one whose key exists is left as it is.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      now          timestamptz
--      profile_ids  bigint[]  nobody who was merged; locked
--      key, channel, message_class, template_id, flow_id, campaign_id, node_id, context, due_at
--                   the same for all; the key of a message ends with its profile
-- out: row count = new messages
-- why: a campaign to half a million people is queued in a few dozen of these. Whoever won a merge
--      after the loser was queued has that message, under the key of the loser, and gets no other.
--      Ids are named twice: see list_due_messages.
INSERT INTO messaging_message (
    tenant_id, key, profile_id, channel, message_class, template_id, flow_id, campaign_id, node_id,
    context, due_at, planned_at, created_at
)
SELECT
    %(tenant_id)s, %(key)s || ':' || asked.profile_id, asked.profile_id, %(channel)s,
    %(message_class)s, %(template_id)s, %(flow_id)s::bigint, %(campaign_id)s::bigint, %(node_id)s,
    %(context)s::jsonb, %(due_at)s, %(due_at)s, %(now)s
FROM unnest(%(profile_ids)s::bigint[]) AS asked (profile_id)
WHERE NOT EXISTS (
    SELECT 1
    FROM crm_profile AS loser
    JOIN messaging_message AS told
      ON told.tenant_id = %(tenant_id)s
     AND told.tenant_id = loser.tenant_id
     AND told.key = %(key)s || ':' || loser.id
    WHERE loser.tenant_id = %(tenant_id)s
      AND loser.merged_into_id = asked.profile_id
      AND loser.merged_into_id = ANY(%(profile_ids)s::bigint[])
)
ON CONFLICT (tenant_id, key) DO NOTHING
