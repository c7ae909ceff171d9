-- Purpose: the scores that one scoring wrote, for the facts of the profiles to take over.
-- In: tenant_id; now, the instant of the scoring.
-- Out: profile_id, recency, frequency, monetary, rfm_group.
-- Why: facts belong to crm, which takes this SELECT and writes what differs.
SELECT
    s.profile_id,
    s.recency,
    s.frequency,
    s.monetary,
    s."group" AS rfm_group
FROM segments_rfmscore AS s
WHERE s.tenant_id = %(tenant_id)s AND s.scored_at = %(now)s
