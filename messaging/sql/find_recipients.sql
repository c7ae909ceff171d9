-- messaging/sql/find_recipients.sql
-- Who messages go to.
--
-- in:  tenant_id    bigint    added by kernel.sql
--      profile_ids  bigint[]
-- out: the columns of messaging.types.Recipient in their order, and merged_into_id
-- why: tens of thousands of people are read at once before a send, and no column more than needed.
SELECT
    p.id, p.email, p.first_name, p.last_name, p.email_consent, p.erased_at IS NOT NULL AS is_erased,
    p.city, p.country, p.locale, p.timezone, p.phone, p.sms_consent, p.whatsapp_consent,
    p.push_consent, p.merged_into_id
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.id = ANY(%(profile_ids)s::bigint[])
