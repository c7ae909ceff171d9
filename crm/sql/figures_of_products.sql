-- Purpose: what every product sold in a window of days; counted and checked by the same rule.
-- In: first_day (date), since, until (timestamptz: its beginning, included, and its end), zone.
-- Out: product_id, units, revenue_minor, order_count, buyer_count, repeat_count, last_sold_at,
--   days, day_units, day_revenue_minor; one row for every product, also for what sold nothing.
-- Why: one shared scan of the orders of the window, whatever changed; the cost of a count follows
--   the window and not the history.
WITH sold AS (
    SELECT
        l.product_id, o.id AS order_id, o.profile_id, o.ordered_at,
        (o.ordered_at AT TIME ZONE %(zone)s)::date - %(first_day)s::date AS day,
        sum(l.quantity) AS units,
        sum(CASE
            WHEN o.gross_minor = o.base_gross_minor THEN l.total_minor::numeric
            WHEN o.gross_minor = 0 THEN 0
            ELSE round(l.total_minor::numeric * COALESCE(o.base_gross_minor, 0) / o.gross_minor)
        END) AS revenue
    FROM crm_order AS o
    JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.order_id = o.id
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.ordered_at >= %(since)s
      AND o.ordered_at <= %(until)s
      AND l.product_id IS NOT NULL
    GROUP BY l.product_id, o.id, o.profile_id, o.ordered_at
),
person AS (
    SELECT s.product_id, s.profile_id, count(*) AS orders
    FROM sold AS s
    GROUP BY s.product_id, s.profile_id
),
buyer AS (
    SELECT
        p.product_id, sum(p.orders) AS orders, count(p.profile_id) AS buyers,
        count(p.profile_id) FILTER (WHERE p.orders > 1) AS repeats
    FROM person AS p
    GROUP BY p.product_id
),
by_day AS (
    SELECT
        s.product_id, s.day, sum(s.units) AS units, sum(s.revenue) AS revenue,
        max(s.ordered_at) AS last_sold_at
    FROM sold AS s
    GROUP BY s.product_id, s.day
),
figure AS (
    SELECT
        d.product_id, sum(d.units)::bigint AS units, sum(d.revenue)::bigint AS revenue_minor,
        max(d.last_sold_at) AS last_sold_at,
        array_agg(d.day::smallint ORDER BY d.day) AS days,
        array_agg(d.units::bigint ORDER BY d.day) AS day_units,
        array_agg(d.revenue::bigint ORDER BY d.day) AS day_revenue_minor
    FROM by_day AS d
    GROUP BY d.product_id
)
SELECT
    p.id AS product_id,
    COALESCE(f.units, 0) AS units,
    COALESCE(f.revenue_minor, 0) AS revenue_minor,
    COALESCE(b.orders, 0)::integer AS order_count,
    COALESCE(b.buyers, 0)::integer AS buyer_count,
    COALESCE(b.repeats, 0)::integer AS repeat_count,
    f.last_sold_at,
    COALESCE(f.days, '{}') AS days,
    COALESCE(f.day_units, '{}') AS day_units,
    COALESCE(f.day_revenue_minor, '{}') AS day_revenue_minor
FROM crm_product AS p
LEFT JOIN figure AS f ON f.product_id = p.id
LEFT JOIN buyer AS b ON b.product_id = p.id
WHERE p.tenant_id = %(tenant_id)s
