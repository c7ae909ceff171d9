-- messaging/sql/count_codes.sql
-- Count what is left of coupons and what people have, each up to a ceiling.
--
-- in:  tenant_id  bigint    added by kernel.sql
--      ids        bigint[]  coupons
--      ceiling    int
-- out: coupon_id, left_count, sent_count, waiting_count, redeemed_count (orders), revenue_minor
-- why: read in the indexes, at a cost that the ceiling bounds, so that nothing is kept up to date
--      while mails go out.
SELECT
    p.id AS coupon_id, a.many AS left_count, s.many AS sent_count, w.many AS waiting_count,
    coalesce(y.redeemed_count, 0) AS redeemed_count, coalesce(y.revenue_minor, 0) AS revenue_minor
FROM messaging_coupon AS p
CROSS JOIN LATERAL (
    SELECT count(*) AS many FROM (
        SELECT 1 FROM messaging_couponcode AS c
        WHERE c.tenant_id = %(tenant_id)s
          AND c.coupon_id = p.id
          AND c.status IN ('available', 'released')
        LIMIT %(ceiling)s
    ) AS x
) AS a
CROSS JOIN LATERAL (
    SELECT count(*) AS many FROM (
        SELECT 1 FROM messaging_couponcode AS c
        WHERE c.tenant_id = %(tenant_id)s
          AND c.coupon_id = p.id
          AND c.claimed_at IS NOT NULL
        LIMIT %(ceiling)s
    ) AS x
) AS s
CROSS JOIN LATERAL (
    SELECT count(*) AS many FROM (
        SELECT 1 FROM messaging_couponcode AS c
        WHERE c.tenant_id = %(tenant_id)s AND c.coupon_id = p.id AND c.status = 'waiting'
        LIMIT %(ceiling)s
    ) AS x
) AS w
LEFT JOIN messaging_coupontally AS y ON y.tenant_id = %(tenant_id)s AND y.coupon_id = p.id
WHERE p.tenant_id = %(tenant_id)s
  AND p.id = ANY(%(ids)s::bigint[])
