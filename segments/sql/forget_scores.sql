-- Purpose: remove the scores of profiles that were merged into others or erased, and take them
--          out of the sums of the grid.
-- In: tenant_id; profile_ids.
-- Out: nothing. Scores of profiles that live stay.
WITH gone AS (
    DELETE FROM segments_rfmscore AS s
    USING crm_profile AS p
    WHERE s.tenant_id = %(tenant_id)s
      AND p.tenant_id = %(tenant_id)s
      AND p.id = s.profile_id
      AND s.profile_id = ANY(%(profile_ids)s::bigint[])
      AND (p.merged_into_id IS NOT NULL OR p.erased_at IS NOT NULL)
    RETURNING s.recency, s.frequency, s."group", s.net_minor, s.last_order_on
),

dated AS (
    UPDATE segments_rfmday AS d
    SET profile_count = d.profile_count - n.people
    FROM (SELECT last_order_on, count(*) AS people FROM gone GROUP BY last_order_on) AS n
    WHERE d.tenant_id = %(tenant_id)s AND d.last_order_on = n.last_order_on
)

UPDATE segments_rfmsum AS u
SET profile_count = u.profile_count - n.people,
    net_minor = u.net_minor - n.net_minor
FROM (
    SELECT
        recency,
        frequency,
        "group",
        count(*) AS people,
        sum(net_minor) AS net_minor
    FROM gone
    GROUP BY recency, frequency, "group"
) AS n
WHERE u.tenant_id = %(tenant_id)s
  AND u.recency = n.recency
  AND u.frequency = n.frequency
  AND u."group" = n."group"
