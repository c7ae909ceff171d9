-- flows/sql/replay_starters.sql
-- List the next people to whom something happened in a time, by id; history counts for nothing.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      names      text[]       of the events
--      since      timestamptz
--      until      timestamptz  included
--      after      bigint       id of the last one of the page before
--      most       integer      most people
-- out: profile_id
SELECT DISTINCT e.profile_id
FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s
  AND e.name = ANY(%(names)s::text[])
  AND e.occurred_at >= %(since)s
  AND e.occurred_at <= %(until)s
  AND e.profile_id > %(after)s
  AND NOT e.is_backfill
ORDER BY e.profile_id
LIMIT %(most)s;
