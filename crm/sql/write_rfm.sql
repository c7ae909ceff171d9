-- Purpose: keep RFM scores where conditions can filter them.
-- In: profile_id, recency, frequency, monetary, rfm_group (arrays of equal length).
-- Out: ids of the profiles whose scores changed.
UPDATE crm_profilefacts AS f
SET recency = n.recency, frequency = n.frequency, monetary = n.monetary, rfm_group = n.rfm_group
FROM unnest(
    %(profile_id)s::bigint[], %(recency)s::smallint[], %(frequency)s::smallint[],
    %(monetary)s::smallint[], %(rfm_group)s::text[]
) AS n (profile_id, recency, frequency, monetary, rfm_group)
WHERE f.tenant_id = %(tenant_id)s
  AND f.profile_id = n.profile_id
  AND f.profile_id = ANY(%(profile_id)s::bigint[])
  AND (f.recency, f.frequency, f.monetary, f.rfm_group)
      IS DISTINCT FROM (n.recency, n.frequency, n.monetary, n.rfm_group)
RETURNING f.profile_id
