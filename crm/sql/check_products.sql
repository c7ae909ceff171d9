-- Purpose: find products whose figures are not what their orders say.
-- In: as figures_of_products, of the count that is checked.
-- Out: product_id, stored, recomputed (units, money, orders, buyers, who bought again, last sold).
WITH counted AS (
    {crm.figures_of_products}
)
SELECT
    c.product_id,
    row(f.units, f.revenue_minor, f.order_count, f.buyer_count, f.repeat_count)::text AS stored,
    row(c.units, c.revenue_minor, c.order_count, c.buyer_count, c.repeat_count)::text AS recomputed
FROM counted AS c
LEFT JOIN crm_productfigures AS f
    ON f.tenant_id = %(tenant_id)s AND f.product_id = c.product_id
WHERE (
    f.units, f.revenue_minor, f.order_count, f.buyer_count, f.repeat_count, f.last_sold_at,
    f.days, f.day_units, f.day_revenue_minor
) IS DISTINCT FROM (
    c.units, c.revenue_minor, c.order_count, c.buyer_count, c.repeat_count, c.last_sold_at,
    c.days, c.day_units, c.day_revenue_minor
)
ORDER BY c.product_id
