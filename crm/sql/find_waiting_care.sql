-- Purpose: returns, reviews and tickets that came before their orders, which have just arrived.
-- In: store_id, external_ids (of the orders). Out: table_name, id, order_external_id.
-- Why: most orders have none, and one look at three small partial indexes says so.
SELECT 'crm_return' AS table_name, r.id, r.order_external_id
FROM crm_return AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.store_id = %(store_id)s
  AND r.order_id IS NULL
  AND r.order_external_id <> ''
  AND r.order_external_id = ANY(%(external_ids)s::text[])
UNION ALL
SELECT 'crm_review', v.id, v.order_external_id
FROM crm_review AS v
WHERE v.tenant_id = %(tenant_id)s
  AND v.store_id = %(store_id)s
  AND v.order_id IS NULL
  AND v.order_external_id <> ''
  AND v.order_external_id = ANY(%(external_ids)s::text[])
UNION ALL
SELECT 'crm_ticket', t.id, t.order_external_id
FROM crm_ticket AS t
WHERE t.tenant_id = %(tenant_id)s
  AND t.store_id = %(store_id)s
  AND t.order_id IS NULL
  AND t.order_external_id <> ''
  AND t.order_external_id = ANY(%(external_ids)s::text[])
