-- Purpose: how long one piece of each consumable product lasts: the median of the days from one
--   order of it to the next one of the same person, divided by the pieces of the first.
-- In: zone (IANA; orders of one day are one); until (timestamptz; later orders are left out).
-- Out: nothing. Products that nobody bought twice have no row.
-- Why: of consumable products alone, so that the cost follows them and not the whole history.
WITH bought AS (
    SELECT
        l.product_id, o.profile_id, (o.ordered_at AT TIME ZONE %(zone)s)::date AS day,
        min(o.ordered_at) AS at, sum(l.quantity) AS units
    FROM crm_product AS p
    JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.product_id = p.id
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = l.order_id
    WHERE p.tenant_id = %(tenant_id)s
      AND p.flags @> ARRAY['consumable']
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND o.ordered_at <= %(until)s
      AND l.quantity > 0
    GROUP BY l.product_id, o.profile_id, day
),
gap AS (
    SELECT
        b.product_id,
        extract(
            EPOCH FROM lead(b.at) OVER (PARTITION BY b.product_id, b.profile_id ORDER BY b.day)
            - b.at
        ) / 86400 / b.units AS days
    FROM bought AS b
),
measured AS (
    SELECT
        g.product_id, count(*) AS reorder_count,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY g.days) AS days
    FROM gap AS g
    WHERE g.days IS NOT NULL
    GROUP BY g.product_id
),
gone AS (
    DELETE FROM crm_refillcycle AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND NOT EXISTS (SELECT 1 FROM measured AS m WHERE m.product_id = r.product_id)
)
INSERT INTO crm_refillcycle AS r (tenant_id, product_id, days, reorder_count)
SELECT %(tenant_id)s, m.product_id, m.days, m.reorder_count
FROM measured AS m
ORDER BY m.product_id
ON CONFLICT (tenant_id, product_id) DO UPDATE SET
    days = EXCLUDED.days,
    reorder_count = EXCLUDED.reorder_count
WHERE (r.days, r.reorder_count) IS DISTINCT FROM (EXCLUDED.days, EXCLUDED.reorder_count)
