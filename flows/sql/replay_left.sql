-- flows/sql/replay_left.sql
-- List the marketing that left for people and that one flow did not send.
--
-- in:  tenant_id    bigint       added by kernel.sql.run_sql
--      profile_ids  bigint[]
--      flow_id      bigint       what it sent does not count
--      since        timestamptz  not included
--      until        timestamptz  included
-- out: profile_id, left_at, message_class, channel; what may have arrived counts as well
SELECT m.profile_id, COALESCE(m.sent_at, m.claimed_at) AS left_at, m.message_class, m.channel
FROM messaging_message AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.profile_id = ANY(%(profile_ids)s::bigint[])
  AND m.status IN ('sent', 'unknown')
  AND m.message_class IN ('promotional', 'behavioural')
  AND m.flow_id IS DISTINCT FROM %(flow_id)s
  AND COALESCE(m.sent_at, m.claimed_at) > %(since)s
  AND COALESCE(m.sent_at, m.claimed_at) <= %(until)s;
