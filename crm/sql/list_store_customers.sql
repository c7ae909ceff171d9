-- Purpose: what is known of the customers of some stores, to be written back to them.
-- In: ids (of profiles), store_ids. Out: one row for each customer id of a live profile.
SELECT
    i.store_id,
    substr(i.value_norm, strpos(i.value_norm, ':') + 1) AS external_id,
    p.id AS profile_id,
    p.email_norm,
    p.phone,
    p.tags,
    p.email_consent,
    p.email_consent_at,
    p.sms_consent,
    p.sms_consent_at,
    p.whatsapp_consent,
    coalesce(f.rfm_group, '') AS rfm_group,
    coalesce(f.order_count, 0) AS order_count,
    coalesce(f.net_minor, 0) AS net_minor,
    coalesce(f.points_balance, 0) AS points_balance
FROM crm_identity AS i
JOIN crm_profile AS p ON p.tenant_id = i.tenant_id AND p.id = i.profile_id
LEFT JOIN crm_profilefacts AS f ON f.tenant_id = p.tenant_id AND f.profile_id = p.id
WHERE i.tenant_id = %(tenant_id)s
  AND i.profile_id = ANY(%(ids)s::bigint[])
  AND i.kind = 'customer_id'
  AND i.store_id = ANY(%(store_ids)s::bigint[])
  AND p.merged_into_id IS NULL
  AND p.erased_at IS NULL
ORDER BY i.id
