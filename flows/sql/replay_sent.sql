-- flows/sql/replay_sent.sql
-- Count the messages of a flow that people were really sent in a time.
--
-- in:  tenant_id    bigint       added by kernel.sql.run_sql
--      profile_ids  bigint[]
--      flow_id      bigint
--      since        timestamptz
--      until        timestamptz  included
-- out: profile_id, node_id, number
SELECT m.profile_id, m.node_id, count(*) AS number
FROM messaging_message AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.profile_id = ANY(%(profile_ids)s::bigint[])
  AND m.flow_id = %(flow_id)s
  AND m.sent_at >= %(since)s
  AND m.sent_at <= %(until)s
GROUP BY m.profile_id, m.node_id;
