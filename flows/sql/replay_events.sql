-- flows/sql/replay_events.sql
-- Read what happened to people in a time, oldest first.
--
-- in:  tenant_id    bigint       added by kernel.sql.run_sql
--      profile_ids  bigint[]
--      names        text[]       of the events
--      told         text[]       of those of which it is asked what they say
--      since        timestamptz
--      until        timestamptz  included
-- out: id, name, occurred_at, profile_id, object_id, is_backfill,
--      said                      JSON text; NULL where it says nothing, or nobody asks
SELECT
    e.id, e.name, e.occurred_at, e.profile_id, e.object_id, e.is_backfill,
    CASE WHEN e.name = ANY(%(told)s::text[]) AND e.properties <> '{}' THEN e.properties::text END
        AS said
FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s
  AND e.profile_id = ANY(%(profile_ids)s::bigint[])
  AND e.name = ANY(%(names)s::text[])
  AND e.occurred_at >= %(since)s
  AND e.occurred_at <= %(until)s
ORDER BY e.occurred_at, e.id;
