-- messaging/sql/retire_codes.sql
-- End codes that nobody has, of a coupon that has ended.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      coupon_id  bigint
--      batch      int          the most rows taken
-- out: code
UPDATE messaging_couponcode AS c
SET status = 'expired'
FROM (
    SELECT h.id
    FROM messaging_couponcode AS h
    WHERE h.tenant_id = %(tenant_id)s
      AND h.coupon_id = %(coupon_id)s
      AND h.status IN ('available', 'released', 'waiting')
    ORDER BY h.id
    LIMIT %(batch)s
    FOR NO KEY UPDATE SKIP LOCKED
) AS d
WHERE c.tenant_id = %(tenant_id)s
  AND c.id = d.id
RETURNING c.code
