-- loyalty/sql/lock_accounts.sql
-- Lock the accounts whose points orders will move: one writer per account at a time.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      order_ids  bigint[]  orders that changed
-- out: profile_id           owners of the locked accounts
--
-- In order of the key, so that two workers never wait for each other.
SELECT a.profile_id
FROM loyalty_pointsaccount AS a
WHERE a.tenant_id = %(tenant_id)s
  AND a.profile_id IN (
      SELECT o.profile_id
      FROM crm_order AS o
      WHERE o.tenant_id = %(tenant_id)s
        AND o.id = ANY(%(order_ids)s::bigint[])
        AND o.profile_id IS NOT NULL
      UNION
      SELECT e.profile_id
      FROM loyalty_pointsentry AS e
      WHERE e.tenant_id = %(tenant_id)s
        AND e.order_id = ANY(%(order_ids)s::bigint[])
  )
ORDER BY a.profile_id
FOR NO KEY UPDATE;
