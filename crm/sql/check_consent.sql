-- Purpose: find profiles whose consent is not what the last statement that holds says.
-- In: nothing. Out: profile_id, channel, stored, recomputed.
WITH held AS (
    SELECT DISTINCT ON (c.profile_id, c.channel) c.profile_id, c.channel, c.state, c.occurred_at
    FROM crm_consentevent AS c
    WHERE c.tenant_id = %(tenant_id)s AND c.topic = '' AND c.channel IN ('email', 'sms')
    ORDER BY
        c.profile_id, c.channel, c.occurred_at DESC NULLS LAST,
        CASE c.state
            WHEN 'withdrawn' THEN 4 WHEN 'unsubscribed' THEN 3 WHEN 'never' THEN 2
            WHEN 'pending' THEN 1 ELSE 0
        END DESC,
        c.id DESC
),
stored AS (
    SELECT p.id, 'email' AS channel, p.email_consent AS state, p.email_consent_at AS held_at
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.merged_into_id IS NULL
    UNION ALL
    SELECT p.id, 'sms', p.sms_consent, p.sms_consent_at
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.merged_into_id IS NULL
)
SELECT
    s.id AS profile_id, s.channel, ROW(s.state, s.held_at)::text AS stored,
    ROW(COALESCE(h.state, 'never'), h.occurred_at)::text AS recomputed
FROM stored AS s
LEFT JOIN held AS h ON h.profile_id = s.id AND h.channel = s.channel
WHERE (s.state, s.held_at) IS DISTINCT FROM (COALESCE(h.state, 'never'), h.occurred_at)
ORDER BY s.id, s.channel
