-- flows/sql/replay_people.sql
-- Read what a replay asks of people; visitors whom nobody knows are left out.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]
-- out: id, timezone, country, is_erased,
--      has_email, has_phone                           whether there is an address today
--      email_consent, sms_consent, whatsapp_consent   what is said to marketing today
SELECT
    p.id, p.timezone, p.country, p.erased_at IS NOT NULL AS is_erased,
    COALESCE(p.email, '') <> '' AS has_email, COALESCE(p.phone, '') <> '' AS has_phone,
    COALESCE(p.email_consent, '') AS email_consent,
    COALESCE(p.sms_consent, '') AS sms_consent,
    COALESCE(p.whatsapp_consent, '') AS whatsapp_consent
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.id = ANY(%(profile_ids)s::bigint[])
  AND NOT p.is_anonymous;
