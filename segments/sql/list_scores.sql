-- Purpose: stored scores and what the facts carry of them, page by page.
-- In: tenant_id; after, the last profile seen; count.
-- Out: profile_id, recency, frequency, monetary, rfm_group, and the same of the facts.
SELECT
    s.profile_id,
    s.recency,
    s.frequency,
    s.monetary,
    s."group" AS rfm_group,
    f.recency AS fact_r,
    f.frequency AS fact_f,
    f.monetary AS fact_m,
    f.rfm_group AS fact_group
FROM segments_rfmscore AS s
LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = s.profile_id
WHERE s.tenant_id = %(tenant_id)s AND s.profile_id > %(after)s
ORDER BY s.profile_id
LIMIT %(count)s
