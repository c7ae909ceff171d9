-- Stores of one tenant with waiting deliveries; one index probe each.
--
-- in:  tenant_id  bigint
-- out: store_id, platform, currency, timezone
SELECT s.id AS store_id, s.platform, s.currency, s.timezone
FROM crm_store AS s
WHERE s.tenant_id = %(tenant_id)s
  AND EXISTS (
      SELECT 1
      FROM stores_inboxdelivery AS d
      WHERE d.tenant_id = %(tenant_id)s
        AND d.tenant_id = s.tenant_id
        AND d.store_id = s.id
        AND d.status = 'pending'
  )
ORDER BY s.id
