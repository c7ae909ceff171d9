-- Purpose: find whose addresses are stopped, or are so no more.
-- In: email, sms, whatsapp (arrays of addresses, as profiles hold them).
-- Out: profile_id, channel, address.
SELECT p.id AS profile_id, 'email' AS channel, p.email_norm AS address
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.email_norm = ANY(%(email)s::text[])
  AND p.merged_into_id IS NULL
  AND p.erased_at IS NULL
UNION ALL
SELECT p.id, 'sms', p.phone
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.phone = ANY(%(sms)s::text[])
  AND p.merged_into_id IS NULL
  AND p.erased_at IS NULL
UNION ALL
SELECT p.id, 'whatsapp', p.phone
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.phone = ANY(%(whatsapp)s::text[])
  AND p.merged_into_id IS NULL
  AND p.erased_at IS NULL
ORDER BY 1, 2
