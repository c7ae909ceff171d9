-- Purpose: one row where a rule of flags catches a product, else none.
-- In: `r`, a rule (category, brand, from_minor, to_minor, currency), and `n`, a product (id, category,
--   brand), of the statement around it. Out: 1.
SELECT 1
WHERE (
    r.category = ''
    OR lower(n.category) = lower(r.category)
    OR starts_with(lower(n.category), lower(r.category) || ' > ')
)
AND (r.brand = '' OR lower(n.brand) = lower(r.brand))
AND (r.currency = '' OR EXISTS (
    SELECT 1
    FROM crm_variant AS v
    WHERE v.tenant_id = %(tenant_id)s
      AND v.product_id = n.id
      AND v.currency = r.currency
      AND v.price_minor >= COALESCE(r.from_minor, v.price_minor)
      AND v.price_minor <= COALESCE(r.to_minor, v.price_minor)
))
