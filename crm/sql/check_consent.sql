-- Purpose: find profiles whose consent is not what the last statement that holds says.
-- In: ids, as held_consent. Out: profile_id, channel, stored, recomputed.
WITH held AS (
    {crm.held_consent}
),
stored AS (
    SELECT p.id, c.channel, c.state, c.held_at
    FROM crm_profile AS p
    CROSS JOIN LATERAL unnest(
        ARRAY['email', 'sms', 'whatsapp', 'push'],
        ARRAY[p.email_consent, p.sms_consent, p.whatsapp_consent, p.push_consent],
        ARRAY[p.email_consent_at, p.sms_consent_at, p.whatsapp_consent_at, p.push_consent_at]
    ) AS c (channel, state, held_at)
    WHERE p.tenant_id = %(tenant_id)s AND p.merged_into_id IS NULL
)
SELECT
    s.id AS profile_id, s.channel, ROW(s.state, s.held_at)::text AS stored,
    ROW(COALESCE(h.state, 'never'), h.occurred_at)::text AS recomputed
FROM stored AS s
LEFT JOIN held AS h ON h.profile_id = s.id AND h.channel = s.channel
WHERE (s.state, s.held_at) IS DISTINCT FROM (COALESCE(h.state, 'never'), h.occurred_at)
ORDER BY s.id, s.channel
