-- flows/sql/hold_paused.sql
-- Keep paused flows paused until the end of the transaction, so that runs can be set aside.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      flow_ids   bigint[]
-- out: id of those that are held; what somebody is just switching, or has switched, is left out
--
-- Nobody is waited for: who switches a flow off holds it and waits for its runs.
SELECT f.id
FROM flows_flow AS f
WHERE f.tenant_id = %(tenant_id)s
  AND f.id = ANY(%(flow_ids)s::bigint[])
  AND f.status = 'paused'
ORDER BY f.id
FOR SHARE OF f SKIP LOCKED;
