-- Purpose: write new profiles whose ids are allocated.
-- In: columns of the profiles as arrays of equal length; now. Out: nothing.
INSERT INTO crm_profile (
    tenant_id, id, email, email_norm, phone, first_name, last_name, name_norm, locale, timezone,
    country, region, city, postcode, properties, email_consent, email_consent_at, sms_consent,
    sms_consent_at, whatsapp_consent, whatsapp_consent_at, push_consent, push_consent_at,
    source_version_at, traits_at, is_anonymous, created_at, updated_at
)
SELECT
    %(tenant_id)s, n.id, n.email, n.email_norm, n.phone, n.first_name, n.last_name, n.name_norm,
    n.locale, n.timezone, n.country, n.region, n.city, n.postcode, n.properties::jsonb,
    n.email_consent, n.email_consent_at, n.sms_consent, n.sms_consent_at, n.whatsapp_consent,
    n.whatsapp_consent_at, n.push_consent, n.push_consent_at, n.source_version_at, n.traits_at, n.is_anonymous, n.created_at, %(now)s
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
ON CONFLICT DO NOTHING
