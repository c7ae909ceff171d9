-- messaging/sql/match_coupons.sql
-- Keep which codes of coupons some orders carry, count them, and mark the codes.
--
-- in:  tenant_id  bigint    added by kernel.sql
--      order_ids  bigint[]  written just now; also of orders that are gone
-- why: one statement for any number of orders, also for codes that came by upload and were never
--      given out here: those are redeemed and given to nobody any more.
WITH told AS (
    SELECT
        c.id AS code_id, c.coupon_id, o.id AS order_id, o.ordered_at, o.is_counted,
        coalesce(o.base_gross_minor, 0) AS revenue_minor
    FROM crm_order AS o
    CROSS JOIN LATERAL (
        SELECT DISTINCT upper(btrim(d.code)) AS code FROM unnest(o.discount_codes) AS d (code)
    ) AS d
    JOIN messaging_couponcode AS c
        ON c.tenant_id = o.tenant_id AND c.tenant_id = %(tenant_id)s AND c.code_norm = d.code
    JOIN messaging_coupon AS p
        ON p.tenant_id = c.tenant_id AND p.tenant_id = %(tenant_id)s AND p.id = c.coupon_id
    WHERE o.tenant_id = %(tenant_id)s
      AND o.id = ANY(%(order_ids)s::bigint[])
      AND (p.store_ids = '{}'::bigint[] OR o.store_id = ANY(p.store_ids))
),

known AS (
    SELECT r.id, r.code_id, r.coupon_id, r.order_id, r.is_counted, r.revenue_minor
    FROM messaging_couponredemption AS r
    WHERE r.tenant_id = %(tenant_id)s AND r.order_id = ANY(%(order_ids)s::bigint[])
    FOR UPDATE
),

gone AS (
    DELETE FROM messaging_couponredemption AS r
    USING known AS k
    WHERE r.tenant_id = %(tenant_id)s
      AND r.id = k.id
      AND NOT EXISTS (
          SELECT 1 FROM told AS t WHERE t.code_id = k.code_id AND t.order_id = k.order_id
      )
),

kept AS (
    INSERT INTO messaging_couponredemption AS r (
        tenant_id, coupon_id, code_id, order_id, redeemed_at, is_counted, revenue_minor
    )
    SELECT
        %(tenant_id)s, t.coupon_id, t.code_id, t.order_id, t.ordered_at, t.is_counted,
        t.revenue_minor
    FROM told AS t
    ORDER BY t.order_id, t.code_id
    ON CONFLICT (tenant_id, order_id, code_id) DO UPDATE
    SET redeemed_at = excluded.redeemed_at,
        is_counted = excluded.is_counted,
        revenue_minor = excluded.revenue_minor
    WHERE (r.redeemed_at, r.is_counted, r.revenue_minor)
        IS DISTINCT FROM (excluded.redeemed_at, excluded.is_counted, excluded.revenue_minor)
),

stands AS (
    SELECT
        t.code_id,
        (
            SELECT min(x.ordered_at) FROM told AS x
            WHERE x.code_id = t.code_id AND x.is_counted
        ) AS redeemed_at,
        EXISTS (
            SELECT 1 FROM messaging_couponredemption AS r
            WHERE r.tenant_id = %(tenant_id)s
              AND r.code_id = t.code_id
              AND r.is_counted
              AND r.order_id <> ALL(%(order_ids)s::bigint[])
        ) AS is_elsewhere
    FROM (SELECT code_id FROM told UNION SELECT code_id FROM known) AS t
),

marked AS (
    UPDATE messaging_couponcode AS c
    SET status = n.status,
        redeemed_at = CASE WHEN n.status = 'redeemed' THEN coalesce(c.redeemed_at, n.at) END
    FROM (
        SELECT
            h.id, s.redeemed_at AS at,
            CASE WHEN s.redeemed_at IS NULL AND NOT s.is_elsewhere THEN 'sent' ELSE 'redeemed' END
                AS status
        FROM stands AS s
        JOIN messaging_couponcode AS h ON h.tenant_id = %(tenant_id)s AND h.id = s.code_id
        JOIN messaging_coupon AS p ON p.tenant_id = %(tenant_id)s AND p.id = h.coupon_id
        WHERE p.kind <> 'static'
        ORDER BY h.id
        FOR NO KEY UPDATE OF h
    ) AS n
    WHERE c.tenant_id = %(tenant_id)s
      AND c.id = n.id
      AND c.status <> n.status
      -- One that was redeemed without having been given out stays out of the way, and so does one
      -- whose holder has got another meanwhile.
      AND (
          n.status = 'redeemed'
          OR (
              c.status = 'redeemed'
              AND c.message_id IS NOT NULL
              AND NOT EXISTS (
                  SELECT 1 FROM messaging_couponcode AS o
                  WHERE o.tenant_id = %(tenant_id)s
                    AND o.coupon_id = c.coupon_id
                    AND o.holder = c.holder
                    AND o.status IN ('claimed', 'sent')
              )
          )
      )
),

changed AS (
    SELECT x.coupon_id, sum(x.many) AS many, sum(x.revenue_minor) AS revenue_minor
    FROM (
        SELECT t.coupon_id, 1 AS many, t.revenue_minor FROM told AS t WHERE t.is_counted
        UNION ALL
        SELECT k.coupon_id, -1, -k.revenue_minor FROM known AS k WHERE k.is_counted
    ) AS x
    GROUP BY x.coupon_id
)

INSERT INTO messaging_coupontally AS y (tenant_id, coupon_id, redeemed_count, revenue_minor)
SELECT %(tenant_id)s, x.coupon_id, x.many, x.revenue_minor
FROM changed AS x
ORDER BY x.coupon_id
ON CONFLICT (tenant_id, coupon_id) DO UPDATE
SET redeemed_count = y.redeemed_count + excluded.redeemed_count,
    revenue_minor = y.revenue_minor + excluded.revenue_minor
WHERE excluded.redeemed_count <> 0 OR excluded.revenue_minor <> 0
