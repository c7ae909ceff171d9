-- Purpose: how many people are in an audience, and how many of them can be reached by channel.
-- In: tenant_id; include, exclude, ids of segments.
-- Out: one row: people, email, sms, whatsapp, push.
-- Why: reached is who said yes to marketing and has an address; the checks at the moment of sending
--      may still leave somebody out.
SELECT
    count(*) AS people,
    count(*) FILTER (WHERE p.email_consent = 'subscribed' AND p.email <> '') AS email,
    count(*) FILTER (WHERE p.sms_consent = 'subscribed' AND p.phone <> '') AS sms,
    count(*) FILTER (WHERE p.whatsapp_consent = 'subscribed' AND p.phone <> '') AS whatsapp,
    count(*) FILTER (WHERE p.push_consent = 'subscribed') AS push
FROM segments_membership AS m
JOIN crm_profile AS p
  ON p.tenant_id = %(tenant_id)s
 AND p.tenant_id = m.tenant_id
 AND p.id = m.profile_id
WHERE m.tenant_id = %(tenant_id)s
  AND m.segment_ids && %(include)s::bigint[]
  AND NOT m.segment_ids && %(exclude)s::bigint[]
