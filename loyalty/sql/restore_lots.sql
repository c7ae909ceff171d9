-- loyalty/sql/restore_lots.sql
-- Give lots back what others consumed while their owner was merged with somebody.
--
-- in:  tenant_id  bigint         added by kernel.sql.run_sql
--      owners     bigint[]       accounts whose balances are right again; they are locked
--      now        timestamptz
-- out: -
--
-- Those that last longest get it first. Together they can always take what is missing: a balance is
-- never above the sum of the entries above zero, and each of them is a lot.
WITH short AS (
    SELECT a.profile_id, a.balance - coalesce(sum(l.remaining), 0) AS points
    FROM loyalty_pointsaccount AS a
    LEFT JOIN loyalty_pointslot AS l
        ON l.tenant_id = %(tenant_id)s AND l.profile_id = a.profile_id AND l.remaining > 0
    WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = ANY(%(owners)s::bigint[])
    GROUP BY a.profile_id, a.balance
    HAVING a.balance > coalesce(sum(l.remaining), 0)
),
room AS (
    SELECT
        l.id, s.points, l.earned - l.remaining AS free,
        sum(l.earned - l.remaining) OVER (
            PARTITION BY l.profile_id
            ORDER BY coalesce(l.expires_at <= %(now)s, FALSE), l.expires_at DESC NULLS FIRST, l.id
        ) AS upto
    FROM loyalty_pointslot AS l
    JOIN short AS s ON s.profile_id = l.profile_id
    WHERE l.tenant_id = %(tenant_id)s AND l.profile_id = ANY(%(owners)s::bigint[])
)
UPDATE loyalty_pointslot AS l
SET remaining = l.remaining + greatest(0, least(r.free, r.points + r.free - r.upto))
FROM room AS r
WHERE l.tenant_id = %(tenant_id)s AND l.id = r.id AND r.points + r.free > r.upto;
