-- loyalty/sql/list_wrong_ahead.sql
-- Find accounts of whose lots something else is stored than what time will do to them.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: profile_id    one row per account; none when all agree
--
-- An account that is due too late has points that never expire.
WITH settled AS (
    SELECT
        l.profile_id, l.remaining, l.is_pending, l.activates_at, l.expires_at, l.warned
    FROM loyalty_pointslot AS l
    WHERE l.tenant_id = %(tenant_id)s AND l.remaining > 0
),
ahead AS (
    {loyalty.lots_ahead}
)
SELECT a.profile_id
FROM loyalty_pointsaccount AS a
LEFT JOIN ahead AS h ON h.profile_id = a.profile_id
LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = a.profile_id
WHERE a.tenant_id = %(tenant_id)s
  AND (
      a.due_at IS DISTINCT FROM h.due_at
      OR f.profile_id IS NOT NULL
      AND (f.points_pending, f.points_expiring, f.points_expire_at) IS DISTINCT FROM (
          coalesce(h.pending, 0), coalesce(h.expiring, 0), h.expire_at
      )
  )
ORDER BY 1;
