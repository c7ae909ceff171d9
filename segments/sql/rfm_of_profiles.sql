-- Purpose: the scores that the facts of profiles should carry.
-- In: tenant_id; profile_ids, NULL for all.
-- Out: profile_id, recency, frequency, monetary, rfm_group; NULL and empty for who was a buyer
--      and is none any more.
-- Why: facts belong to crm, which takes this SELECT and writes what differs.
SELECT
    s.profile_id,
    s.recency,
    s.frequency,
    s.monetary,
    s."group" AS rfm_group
FROM segments_rfmscore AS s
WHERE s.tenant_id = %(tenant_id)s
  AND (%(profile_ids)s::bigint[] IS NULL OR s.profile_id = ANY(%(profile_ids)s::bigint[]))
UNION ALL
SELECT
    g.profile_id,
    NULL::smallint AS recency,
    NULL::smallint AS frequency,
    NULL::smallint AS monetary,
    '' AS rfm_group
FROM crm_profilefacts AS g
WHERE g.tenant_id = %(tenant_id)s
  AND g.rfm_group <> ''
  AND (%(profile_ids)s::bigint[] IS NULL OR g.profile_id = ANY(%(profile_ids)s::bigint[]))
  AND NOT EXISTS (
      SELECT 1 FROM segments_rfmscore AS s
      WHERE s.tenant_id = %(tenant_id)s AND s.profile_id = g.profile_id
  )
