-- flows/sql/count_hours.sql
-- Count what some people opened and clicked by the hour on the clock where they are.
--
-- in:  tenant_id
--      profile_ids, zones   arrays of one length; IANA names
--      since                timestamptz
-- out: profile_id, hour, touches   of people; scanners and mail programs do not count
SELECT
    t.profile_id,
    extract(hour FROM t.at AT TIME ZONE told.zone)::int AS hour,
    count(*) AS touches
FROM unnest(%(profile_ids)s::bigint[], %(zones)s::text[]) AS told (profile_id, zone)
JOIN messaging_touch AS t
  ON t.tenant_id = %(tenant_id)s
 AND t.profile_id = told.profile_id
 AND t.kind IN ('opened', 'clicked')
 AND t.at >= %(since)s
 AND NOT t.is_bot
 AND NOT t.is_mpp
GROUP BY t.profile_id, 2
