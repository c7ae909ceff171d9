-- Purpose: count what every product sold in a window of days; only rows that differ are written.
-- In: as figures_of_products.
-- Out: nothing.
WITH counted AS (
    {crm.figures_of_products}
)
INSERT INTO crm_productfigures AS f (
    tenant_id, product_id, units, revenue_minor, order_count, buyer_count, repeat_count,
    last_sold_at, days, day_units, day_revenue_minor
)
SELECT
    %(tenant_id)s, c.product_id, c.units, c.revenue_minor, c.order_count, c.buyer_count,
    c.repeat_count, c.last_sold_at, c.days, c.day_units, c.day_revenue_minor
FROM counted AS c
ORDER BY c.product_id
ON CONFLICT (tenant_id, product_id) DO UPDATE SET
    units = EXCLUDED.units,
    revenue_minor = EXCLUDED.revenue_minor,
    order_count = EXCLUDED.order_count,
    buyer_count = EXCLUDED.buyer_count,
    repeat_count = EXCLUDED.repeat_count,
    last_sold_at = EXCLUDED.last_sold_at,
    days = EXCLUDED.days,
    day_units = EXCLUDED.day_units,
    day_revenue_minor = EXCLUDED.day_revenue_minor
WHERE (
    f.units, f.revenue_minor, f.order_count, f.buyer_count, f.repeat_count, f.last_sold_at,
    f.days, f.day_units, f.day_revenue_minor
) IS DISTINCT FROM (
    EXCLUDED.units, EXCLUDED.revenue_minor, EXCLUDED.order_count, EXCLUDED.buyer_count,
    EXCLUDED.repeat_count, EXCLUDED.last_sold_at, EXCLUDED.days, EXCLUDED.day_units,
    EXCLUDED.day_revenue_minor
)
