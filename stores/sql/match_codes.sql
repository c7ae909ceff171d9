-- Keep which codes, of those that their store was asked to take, some orders carry, and count them.
--
-- in:  tenant_id  bigint
--      order_ids  bigint[]  written just now; also of orders that are gone
WITH told AS (
    SELECT w.id AS write_id, o.id AS order_id, o.ordered_at, o.is_counted
    FROM crm_order AS o
    CROSS JOIN LATERAL (
        SELECT DISTINCT upper(btrim(c.code)) AS code FROM unnest(o.discount_codes) AS c (code)
    ) AS d
    JOIN stores_writelane AS l
        ON l.tenant_id = o.tenant_id AND l.store_id = o.store_id AND l.kind = 'codes'
    JOIN stores_storewrite AS w
        ON w.tenant_id = o.tenant_id AND w.lane_id = l.id AND w.subject = d.code
    WHERE o.tenant_id = %(tenant_id)s AND o.id = ANY(%(order_ids)s::bigint[])
),

known AS (
    SELECT r.id, r.write_id, r.order_id, r.is_counted
    FROM stores_coderedemption AS r
    WHERE r.tenant_id = %(tenant_id)s AND r.order_id = ANY(%(order_ids)s::bigint[])
    FOR UPDATE
),

gone AS (
    DELETE FROM stores_coderedemption AS r
    USING known AS k
    WHERE r.tenant_id = %(tenant_id)s
      AND r.id = k.id
      AND NOT EXISTS (
          SELECT 1 FROM told AS t WHERE t.write_id = k.write_id AND t.order_id = k.order_id
      )
),

kept AS (
    INSERT INTO stores_coderedemption AS r (
        tenant_id, write_id, order_id, redeemed_at, is_counted
    )
    SELECT %(tenant_id)s, t.write_id, t.order_id, t.ordered_at, t.is_counted
    FROM told AS t
    ORDER BY t.order_id, t.write_id
    ON CONFLICT (tenant_id, order_id, write_id) DO UPDATE
    SET redeemed_at = excluded.redeemed_at, is_counted = excluded.is_counted
    WHERE (r.redeemed_at, r.is_counted) IS DISTINCT FROM (excluded.redeemed_at, excluded.is_counted)
),

changed AS (
    SELECT c.write_id, sum(c.n) AS n, max(c.at) AS at
    FROM (
        SELECT t.write_id, t.is_counted::int AS n, t.ordered_at AS at FROM told AS t
        WHERE t.is_counted
        UNION ALL
        SELECT k.write_id, -1, NULL FROM known AS k WHERE k.is_counted
    ) AS c
    GROUP BY c.write_id
)

INSERT INTO stores_codetally AS y (tenant_id, write_id, redeemed_count, redeemed_at)
SELECT %(tenant_id)s, c.write_id, c.n, c.at
FROM changed AS c
ORDER BY c.write_id
ON CONFLICT (tenant_id, write_id) DO UPDATE
SET redeemed_count = y.redeemed_count + excluded.redeemed_count,
    redeemed_at = greatest(y.redeemed_at, excluded.redeemed_at)
WHERE excluded.redeemed_count <> 0 OR excluded.redeemed_at > y.redeemed_at
