-- messaging/sql/find_wishes.sql
-- What people want of marketing, of those who do not want all of it.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]
-- out: profile_id, frequency, refused_topics, paused_until
SELECT w.profile_id, w.frequency, w.refused_topics, w.paused_until
FROM messaging_preferences AS w
WHERE w.tenant_id = %(tenant_id)s
  AND w.profile_id = ANY(%(profile_ids)s::bigint[])
