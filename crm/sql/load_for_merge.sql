-- Purpose: read profiles that are about to be merged or parted, and keep everybody away who writes
--   a row that points at one.
-- In: ids. Out: as load_profiles, tags and erased_at; ascending by id.
-- Why: FOR UPDATE waits for those who hold FOR KEY SHARE (an event or order being written) and
--   makes later ones wait, who then read which profile is left.
SELECT
    p.id, p.email, p.phone, p.first_name, p.last_name, p.locale, p.timezone, p.country, p.region,
    p.city, p.postcode, p.properties, p.email_consent, p.email_consent_at, p.sms_consent,
    p.sms_consent_at, p.whatsapp_consent, p.whatsapp_consent_at, p.push_consent,
    p.push_consent_at, p.source_version_at, p.traits_at, p.is_anonymous, p.created_at,
    p.merged_into_id, p.tags, p.erased_at
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
ORDER BY p.id
FOR UPDATE
