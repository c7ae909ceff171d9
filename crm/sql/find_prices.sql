-- Purpose: sum up the variants of products.
-- In: ids (of products).
-- Out: product_id, low, high, currency (of the prices; empty where there are several), stock,
--   variants.
SELECT
    v.product_id,
    min(v.price_minor) AS low,
    max(v.price_minor) AS high,
    CASE WHEN min(v.currency) = max(v.currency) THEN min(v.currency) ELSE '' END AS currency,
    sum(v.inventory_quantity) AS stock,
    count(*) AS variants
FROM crm_variant AS v
WHERE v.tenant_id = %(tenant_id)s AND v.product_id = ANY(%(ids)s::bigint[])
GROUP BY v.product_id
