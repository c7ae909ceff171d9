-- loyalty/sql/open_accounts.sql
-- Open an account for every profile that orders will move points of.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      order_ids  bigint[]  orders that changed
-- out: -
--
-- Also for profiles that hold entries of an order which meanwhile belongs to somebody else.
-- In order of profile, so that two workers never wait for each other.
WITH concerned AS (
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
INSERT INTO loyalty_pointsaccount (tenant_id, profile_id)
SELECT %(tenant_id)s, c.profile_id
FROM concerned AS c
ORDER BY c.profile_id
ON CONFLICT (tenant_id, profile_id) DO NOTHING;
