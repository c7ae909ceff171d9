-- messaging/sql/find_held_codes.sql
-- Find the codes that people have already, for what they are wanted again.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      numbers, coupons, profiles, holders, personal
--                 arrays of one length; personal says that any code of the person will do
-- out: number, id, code, status, message_id, expires_at, redeemed_at; of one number the code that
--      can still be used comes first, then the newest
-- why: within its scope somebody gets the same code again. After a merge of two people the winner
--      keeps what either had.
SELECT w.number, c.id, c.code, c.status, c.message_id, c.expires_at, c.redeemed_at
FROM unnest(
    %(numbers)s::int[], %(coupons)s::bigint[], %(profiles)s::bigint[], %(holders)s::text[],
    %(personal)s::bool[]
) AS w (number, coupon_id, profile_id, holder, is_personal)
JOIN messaging_couponcode AS c
    ON c.tenant_id = %(tenant_id)s
    AND c.profile_id = w.profile_id
    AND c.coupon_id = w.coupon_id
WHERE c.tenant_id = %(tenant_id)s
  AND c.status IN ('claimed', 'sent', 'redeemed')
  AND (w.is_personal OR c.holder = w.holder)
ORDER BY w.number, c.status = 'redeemed', c.id DESC
