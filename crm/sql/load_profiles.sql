-- Purpose: read and lock the changeable columns of some profiles.
-- In: ids. Out: the columns that an ingest or a merge may change, by id.
-- Why: the lock keeps another store's writer and a merge away until the commit.
SELECT
    p.id, p.email, p.phone, p.first_name, p.last_name, p.locale, p.timezone, p.country, p.region,
    p.city, p.postcode, p.properties, p.email_consent, p.email_consent_at, p.sms_consent,
    p.sms_consent_at, p.whatsapp_consent, p.whatsapp_consent_at, p.push_consent,
    p.push_consent_at, p.source_version_at, p.traits_at, p.is_anonymous, p.created_at, p.merged_into_id
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
ORDER BY p.id
FOR NO KEY UPDATE
