-- messaging/sql/lock_coupons.sql
-- Let two workers that want codes for the same person wait for each other.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      coupons, profiles  bigint[] of one length
-- out: row count
-- why: an optimisation only. Without it the unique key of holders would refuse the second worker's
--      batch, which would then be claimed once more. Taken in one order, so that nobody waits in a
--      circle.
SELECT pg_advisory_xact_lock(k.key)
FROM (
    SELECT DISTINCT
        hashtextextended(%(tenant_id)s || ':' || w.coupon_id || ':' || w.profile_id, 0) AS key
    FROM unnest(%(coupons)s::bigint[], %(profiles)s::bigint[]) AS w (coupon_id, profile_id)
    ORDER BY 1
) AS k
