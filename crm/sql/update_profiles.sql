-- Purpose: write changed profiles, which the caller has locked.
-- In: columns of the profiles as arrays of equal length; now. Out: nothing.
UPDATE crm_profile AS p
SET email = n.email, email_norm = n.email_norm, phone = n.phone, first_name = n.first_name,
    last_name = n.last_name, name_norm = n.name_norm, locale = n.locale, timezone = n.timezone,
    country = n.country, region = n.region, city = n.city, postcode = n.postcode,
    properties = n.properties::jsonb, email_consent = n.email_consent,
    email_consent_at = n.email_consent_at, sms_consent = n.sms_consent,
    sms_consent_at = n.sms_consent_at, whatsapp_consent = n.whatsapp_consent,
    whatsapp_consent_at = n.whatsapp_consent_at, push_consent = n.push_consent,
    push_consent_at = n.push_consent_at, source_version_at = n.source_version_at,
    traits_at = n.traits_at, is_anonymous = n.is_anonymous, created_at = n.created_at,
    updated_at = %(now)s
FROM unnest(
    %(id)s::bigint[], %(email)s::text[], %(email_norm)s::text[], %(phone)s::text[],
    %(first_name)s::text[], %(last_name)s::text[], %(name_norm)s::text[], %(locale)s::text[],
    %(timezone)s::text[], %(country)s::text[], %(region)s::text[], %(city)s::text[],
    %(postcode)s::text[], %(properties)s::text[], %(email_consent)s::text[],
    %(email_consent_at)s::timestamptz[], %(sms_consent)s::text[],
    %(sms_consent_at)s::timestamptz[], %(whatsapp_consent)s::text[],
    %(whatsapp_consent_at)s::timestamptz[], %(push_consent)s::text[],
    %(push_consent_at)s::timestamptz[], %(source_version_at)s::timestamptz[],
    %(traits_at)s::timestamptz[], %(is_anonymous)s::boolean[], %(created_at)s::timestamptz[]
) AS n (
    id, email, email_norm, phone, first_name, last_name, name_norm, locale, timezone, country,
    region, city, postcode, properties, email_consent, email_consent_at, sms_consent,
    sms_consent_at, whatsapp_consent, whatsapp_consent_at, push_consent, push_consent_at,
    source_version_at, traits_at, is_anonymous, created_at
)
WHERE p.tenant_id = %(tenant_id)s AND p.id = n.id AND p.id = ANY(%(id)s::bigint[])
