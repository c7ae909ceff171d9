-- messaging/sql/find_wrong_coupons.sql
-- Name coupons whose figures do not follow from their redemptions, and codes that contradict
-- themselves.
--
-- in:  tenant_id  bigint  added by kernel.sql
-- out: name, problem
SELECT p.name, 'redemptions or revenue are not those of its orders' AS problem
FROM messaging_coupon AS p
LEFT JOIN messaging_coupontally AS y ON y.tenant_id = p.tenant_id AND y.coupon_id = p.id
LEFT JOIN (
    SELECT r.coupon_id, count(*) AS many, sum(r.revenue_minor) AS revenue_minor
    FROM messaging_couponredemption AS r
    WHERE r.tenant_id = %(tenant_id)s AND r.is_counted
    GROUP BY r.coupon_id
) AS t ON t.coupon_id = p.id
WHERE p.tenant_id = %(tenant_id)s
  AND (coalesce(y.redeemed_count, 0), coalesce(y.revenue_minor, 0))
      <> (coalesce(t.many, 0), coalesce(t.revenue_minor, 0))
UNION ALL
SELECT p.name, 'the code ' || c.code || ' is held by nobody'
FROM messaging_couponcode AS c
JOIN messaging_coupon AS p ON p.tenant_id = c.tenant_id AND p.id = c.coupon_id
WHERE c.tenant_id = %(tenant_id)s
  AND c.status IN ('claimed', 'sent')
  AND (c.profile_id IS NULL OR c.holder = '' OR c.claimed_at IS NULL)
UNION ALL
SELECT p.name, 'the code ' || c.code || ' is free and held'
FROM messaging_couponcode AS c
JOIN messaging_coupon AS p ON p.tenant_id = c.tenant_id AND p.id = c.coupon_id
WHERE c.tenant_id = %(tenant_id)s
  AND c.status IN ('available', 'released')
  AND (c.profile_id IS NOT NULL OR c.holder <> '')
ORDER BY 1, 2
