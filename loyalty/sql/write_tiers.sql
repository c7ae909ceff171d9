-- loyalty/sql/write_tiers.sql
-- Note how people stand, and which of them moved.
--
-- in:  tenant_id    bigint         added by kernel.sql.run_sql
--      profile_ids  bigint[]       owners; their accounts are locked
--      tier_ids     bigint[]       null: none
--      falls, dues  timestamptz[]  likewise
--      was, is_now  text[]         names of tiers; empty for none
--      directions   text[]         empty for those who did not move
--      spends, orders, points      what they had done
--      now          timestamptz
-- out: id, profile_id    of the moves
WITH stood AS (
    SELECT n.*
    FROM unnest(
        %(profile_ids)s::bigint[], %(tier_ids)s::bigint[], %(falls)s::timestamptz[],
        %(dues)s::timestamptz[], %(was)s::text[], %(is_now)s::text[], %(directions)s::text[],
        %(spends)s::bigint[], %(orders)s::int[], %(points)s::bigint[]
    ) AS n (
        profile_id, tier_id, falls_at, due_at, was, is_now, direction, spend, orders, points
    )
),
updated AS (
    UPDATE loyalty_pointsaccount AS a
    SET
        tier_id = s.tier_id, tier_falls_at = s.falls_at, tier_due_at = s.due_at,
        tier_since = CASE WHEN s.direction = '' THEN a.tier_since ELSE %(now)s END
    FROM stood AS s
    WHERE a.tenant_id = %(tenant_id)s
      AND a.profile_id = ANY(%(profile_ids)s::bigint[])
      AND a.profile_id = s.profile_id
)
INSERT INTO loyalty_tierchange (
    tenant_id, profile_id, at, from_tier, to_tier, direction, spend_minor, order_count, points
)
SELECT
    %(tenant_id)s, s.profile_id, %(now)s, s.was, s.is_now, s.direction, s.spend, s.orders, s.points
FROM stood AS s
WHERE s.direction <> ''
ORDER BY s.profile_id
ON CONFLICT DO NOTHING
RETURNING id, profile_id;
