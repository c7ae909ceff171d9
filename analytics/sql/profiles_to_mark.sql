-- Purpose: the day on which profiles were first known.
-- In: zone (IANA); persons (ids), NULL for everybody.
-- Out: profile_id, day; merged and anonymous profiles are left out, erased ones are not.
SELECT
    p.id AS profile_id,
    (p.created_at AT TIME ZONE %(zone)s)::date AS day
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.merged_into_id IS NULL
  AND NOT p.is_anonymous
  AND (%(persons)s::bigint[] IS NULL OR p.id = ANY(%(persons)s::bigint[]))
