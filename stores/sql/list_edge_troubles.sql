-- Say what the edges of the tenant have trouble with: what was turned away, and who was shut.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      since      timestamptz  what was turned away before counts no more
-- out: kind        text    refused or endpoint
--      id          bigint  of the store, or of the endpoint
--      reason      text
--      number      bigint  deliveries turned away
--      url         text    of the endpoint
-- why: pages ask for both on every load, and one statement is one wait.
SELECT 'refused' AS kind, r.store_id AS id, r.reason, sum(r.count)::bigint AS number, '' AS url
FROM stores_refuseddeliveries AS r
WHERE r.tenant_id = %(tenant_id)s AND r.hour > %(since)s
GROUP BY r.store_id, r.reason
UNION ALL
SELECT 'endpoint', e.id, e.disabled_reason, 0, e.url
FROM stores_webhookendpoint AS e
WHERE e.tenant_id = %(tenant_id)s AND NOT e.is_enabled AND e.disabled_reason <> ''
ORDER BY kind, id, reason
