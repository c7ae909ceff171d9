-- messaging/sql/claim_codes.sql
-- Give codes to people, each to one.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      now        timestamptz
--      numbers, coupons, profiles, holders, messages, expiries, statuses
--                 arrays of one length, one element per code wanted; no two of one coupon and
--                 holder. A status of sent instead of claimed: several messages carry it, so it is
--                 never given back.
-- out: number, id, code; one that is not there got none
-- why: one statement for a batch and any number of coupons. Codes that another worker is about to
--      give out are passed over, so no two workers give the same one and none waits.
WITH wanted AS (
    SELECT
        w.number, w.coupon_id, w.profile_id, w.holder, w.message_id, w.expires_at, w.status,
        row_number() OVER (PARTITION BY w.coupon_id ORDER BY w.number) AS place
    FROM unnest(
        %(numbers)s::int[], %(coupons)s::bigint[], %(profiles)s::bigint[], %(holders)s::text[],
        %(messages)s::bigint[], %(expiries)s::timestamptz[], %(statuses)s::text[]
    ) AS w (number, coupon_id, profile_id, holder, message_id, expires_at, status)
),

needed AS (
    SELECT w.coupon_id, count(*) AS many FROM wanted AS w GROUP BY w.coupon_id
),

free AS (
    SELECT f.id, f.coupon_id, row_number() OVER (PARTITION BY f.coupon_id ORDER BY f.id) AS place
    FROM needed AS n
    CROSS JOIN LATERAL (
        SELECT c.id, c.coupon_id
        FROM messaging_couponcode AS c
        WHERE c.tenant_id = %(tenant_id)s
          AND c.coupon_id = n.coupon_id
          AND c.status IN ('available', 'released')
        ORDER BY c.id
        LIMIT n.many
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS f
)

UPDATE messaging_couponcode AS c
SET status = w.status,
    profile_id = w.profile_id,
    holder = w.holder,
    message_id = w.message_id,
    claimed_at = %(now)s,
    sent_at = CASE WHEN w.status = 'sent' THEN %(now)s END,
    expires_at = w.expires_at
FROM free AS f
JOIN wanted AS w ON w.coupon_id = f.coupon_id AND w.place = f.place
WHERE c.tenant_id = %(tenant_id)s
  AND c.id = f.id
RETURNING w.number, c.id, c.code
