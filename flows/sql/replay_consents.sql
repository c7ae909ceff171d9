-- flows/sql/replay_consents.sql
-- List what people said to marketing as a whole, oldest first.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]
-- out: profile_id, channel, at, state
SELECT
    c.profile_id, c.channel, COALESCE(c.occurred_at, c.recorded_at) AS at, c.state
FROM crm_consentevent AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.profile_id = ANY(%(profile_ids)s::bigint[])
  AND c.topic = ''
ORDER BY at, c.id;
