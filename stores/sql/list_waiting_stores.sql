-- Stores of one tenant with waiting deliveries; one index probe each.
--
-- in:  tenant_id  bigint
-- out: store_id, platform, currency, timezone
--
-- LATERAL with LIMIT, not EXISTS, which the planner turns into a walk over all waiting rows.
SELECT s.id AS store_id, s.platform, s.currency, s.timezone
FROM crm_store AS s
JOIN LATERAL (
    SELECT d.id
    FROM stores_inboxdelivery AS d
    WHERE d.tenant_id = %(tenant_id)s
      AND d.tenant_id = s.tenant_id
      AND d.store_id = s.id
      AND d.status = 'pending'
    LIMIT 1
) AS waiting ON true
WHERE s.tenant_id = %(tenant_id)s
ORDER BY s.id
