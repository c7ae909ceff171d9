-- messaging/sql/find_known_codes.sql
-- Find which codes some coupon has already.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      codes      text[]  in capitals
-- out: code_norm, coupon_id
SELECT c.code_norm, c.coupon_id
FROM messaging_couponcode AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.code_norm = ANY(%(codes)s::text[])
