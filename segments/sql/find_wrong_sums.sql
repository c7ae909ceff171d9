-- Purpose: cells of the RFM grid whose stored sums are not those of the scores.
-- In: tenant_id.
-- Out: recency, frequency, rfm_group, stored_count, stored_minor, people, net_minor.
WITH counted AS (
    SELECT
        r.recency,
        r.frequency,
        r."group" AS rfm_group,
        count(*)::int AS people,
        sum(r.net_minor)::bigint AS net_minor
    FROM segments_rfmscore AS r
    WHERE r.tenant_id = %(tenant_id)s
    GROUP BY r.recency, r.frequency, r."group"
),

stored AS (
    SELECT s.recency, s.frequency, s."group" AS rfm_group, s.profile_count, s.net_minor
    FROM segments_rfmsum AS s
    WHERE s.tenant_id = %(tenant_id)s
)

SELECT
    recency,
    frequency,
    rfm_group,
    COALESCE(s.profile_count, 0) AS stored_count,
    COALESCE(s.net_minor, 0) AS stored_minor,
    COALESCE(c.people, 0) AS people,
    COALESCE(c.net_minor, 0) AS net_minor
FROM counted AS c
FULL JOIN stored AS s USING (recency, frequency, rfm_group)
WHERE (COALESCE(s.profile_count, 0), COALESCE(s.net_minor, 0))
   <> (COALESCE(c.people, 0), COALESCE(c.net_minor, 0))
ORDER BY 1, 2, 3
