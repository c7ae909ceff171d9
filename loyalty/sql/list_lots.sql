-- loyalty/sql/list_lots.sql
-- List what is left of somebody's points in the order in which it is used.
--
-- in:  tenant_id   bigint   added by kernel.sql.run_sql
--      profile_id  bigint
--      count       integer  lots at most
-- out: id, order_id, order_number, kind, earned, remaining, is_pending, activates_at, expires_at,
--      earned_at, total    total: points left in all lots, also those that are not listed
SELECT
    l.id, l.order_id, e.kind, l.earned, l.remaining, l.is_pending, l.activates_at, l.expires_at,
    e.effective_at AS earned_at, (sum(l.remaining) OVER ())::bigint AS total,
    coalesce(nullif(o.number, ''), o.external_id, '') AS order_number
FROM loyalty_pointslot AS l
JOIN loyalty_pointsentry AS e ON e.tenant_id = %(tenant_id)s AND e.id = l.id
LEFT JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = l.order_id
WHERE l.tenant_id = %(tenant_id)s AND l.profile_id = %(profile_id)s AND l.remaining > 0
ORDER BY l.is_pending, l.expires_at NULLS LAST, l.id
LIMIT %(count)s;
