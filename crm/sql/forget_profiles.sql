-- Purpose: leave empty rows out of every count, as of people who were never known.
-- In: ids (of profiles that are emptied). Out: nothing.
UPDATE crm_profile AS p
SET is_anonymous = true, email_consent = 'never', email_consent_at = NULL,
    sms_consent = 'never', sms_consent_at = NULL,
    whatsapp_consent = 'never', whatsapp_consent_at = NULL,
    push_consent = 'never', push_consent_at = NULL
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
