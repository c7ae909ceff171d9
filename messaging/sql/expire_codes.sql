-- messaging/sql/expire_codes.sql
-- End codes that people have and whose time is over.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      coupon_id  bigint
--      now        timestamptz
--      batch      int          the most rows taken
-- out: code
UPDATE messaging_couponcode AS c
SET status = 'expired'
FROM (
    SELECT h.id
    FROM messaging_couponcode AS h
    WHERE h.tenant_id = %(tenant_id)s
      AND h.coupon_id = %(coupon_id)s
      AND h.status = 'sent'
      AND h.expires_at <= %(now)s
    ORDER BY h.expires_at
    LIMIT %(batch)s
    FOR NO KEY UPDATE SKIP LOCKED
) AS d
WHERE c.tenant_id = %(tenant_id)s
  AND c.id = d.id
RETURNING c.code
