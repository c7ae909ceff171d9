-- flows/sql/list_stock_waits.sql
-- List the nodes at which runs wait for variants.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      keys       text[]    such as ``variant:7``
-- out: waits_for, version_id, current_node
SELECT DISTINCT r.waits_for, r.version_id, r.current_node
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.waits_for = ANY(%(keys)s::text[])
  AND r.waits_for <> ''
  AND r.status = 'active'
ORDER BY 1, 2, 3;
