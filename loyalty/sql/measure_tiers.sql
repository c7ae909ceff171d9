-- loyalty/sql/measure_tiers.sql
-- Measure what people did in the window of the tiers and in the one before, beside how they stand.
--
-- in:  tenant_id      bigint       added by kernel.sql.run_sql
--      owners         bigint[]     accounts; those who write the answer hold them locked
--      since, before  timestamptz  from when on figures count; of the window before
--      with_points    boolean      whether points are asked of anybody
--      with_deeds     boolean      whether each order is told by itself
-- out: profile_id, tier_id, tier_falls_at, tier_due_at, oldest,
--      name, rank, ends_at, name_after, rank_after    as the facts have them
--      spend, orders, points, spend_before, orders_before, points_before
--      ordered_ats, nets, pointed_ats, points_then    arrays; null where they are not asked for
--
-- Money is net of refunds, in the tenant's currency; a refund takes its share of the order. Money
-- and points count when the order was placed, and so does what is taken back of them.
SELECT
    a.profile_id, a.tier_id, a.tier_falls_at, a.tier_due_at,
    coalesce(f.loyalty_tier, '') AS name, coalesce(f.loyalty_rank, 0) AS rank, o.oldest,
    f.tier_ends_at AS ends_at, coalesce(f.tier_after, '') AS name_after,
    coalesce(f.rank_after, 0) AS rank_after, o.ordered_ats, o.nets, e.pointed_ats, e.points_then,
    coalesce(o.spend, 0)::bigint AS spend, o.orders, coalesce(e.points, 0)::bigint AS points,
    coalesce(o.spend_before, 0)::bigint AS spend_before, o.orders_before,
    coalesce(e.points_before, 0)::bigint AS points_before
FROM loyalty_pointsaccount AS a
LEFT JOIN crm_profilefacts AS f
    ON f.tenant_id = %(tenant_id)s AND f.profile_id = a.profile_id
CROSS JOIN LATERAL (
    SELECT
        sum(n.net) FILTER (WHERE n.ordered_at >= %(since)s) AS spend,
        count(*) FILTER (WHERE n.ordered_at >= %(since)s) AS orders,
        min(n.ordered_at) FILTER (WHERE n.ordered_at >= %(since)s) AS oldest,
        sum(n.net) FILTER (WHERE n.ordered_at < %(since)s) AS spend_before,
        count(*) FILTER (WHERE n.ordered_at < %(since)s) AS orders_before,
        array_agg(n.ordered_at) FILTER (WHERE %(with_deeds)s) AS ordered_ats,
        array_agg(n.net::bigint) FILTER (WHERE %(with_deeds)s) AS nets
    FROM (
        SELECT
            r.ordered_at,
            coalesce(r.base_gross_minor, 0) - CASE WHEN r.gross_minor > 0 THEN div(
                coalesce(r.base_gross_minor, 0)::numeric
                * least(r.refunded_minor, r.gross_minor), r.gross_minor
            ) ELSE 0 END AS net
        FROM crm_order AS r
        WHERE r.tenant_id = %(tenant_id)s
          AND r.profile_id = a.profile_id
          AND r.ordered_at >= %(before)s
          AND r.is_counted
    ) AS n
) AS o
CROSS JOIN LATERAL (
    SELECT
        sum(p.points) FILTER (WHERE r.ordered_at >= %(since)s) AS points,
        sum(p.points) FILTER (WHERE r.ordered_at < %(since)s) AS points_before,
        array_agg(r.ordered_at) FILTER (WHERE %(with_deeds)s) AS pointed_ats,
        array_agg(p.points) FILTER (WHERE %(with_deeds)s) AS points_then
    FROM loyalty_pointsentry AS p
    JOIN crm_order AS r ON r.tenant_id = %(tenant_id)s AND r.id = p.order_id
    WHERE %(with_points)s
      AND p.tenant_id = %(tenant_id)s
      AND p.profile_id = a.profile_id
      AND p.order_id IS NOT NULL
      AND r.ordered_at >= %(before)s
) AS e
WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = ANY(%(owners)s::bigint[])
ORDER BY a.profile_id;
