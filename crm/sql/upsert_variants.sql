-- Purpose: write variants as a store's catalogue tells them, without their stock; only those that
--   differ.
-- In: store_id; columns of the variants as arrays of equal length; now.
-- Out: id, external_id, product_id, sku, price_minor, compare_at_minor, currency; price, compare-at
--   price and currency before, NULL for a new one.
WITH known AS (
    SELECT k.external_id, k.price_minor, k.compare_at_minor, k.currency
    FROM crm_variant AS k
    WHERE k.tenant_id = %(tenant_id)s
      AND k.store_id = %(store_id)s
      AND k.external_id = ANY(%(external_id)s::text[])
),
written AS (
    INSERT INTO crm_variant AS v (
        tenant_id, store_id, external_id, product_id, sku, title, price_minor, compare_at_minor,
        currency, created_at, updated_at
    )
    SELECT
        %(tenant_id)s, %(store_id)s, n.external_id, n.product_id, n.sku, n.title, n.price_minor,
        n.compare_at_minor, n.currency, %(now)s, %(now)s
    FROM unnest(
        %(external_id)s::text[], %(product_id)s::bigint[], %(sku)s::text[], %(title)s::text[],
        %(price_minor)s::bigint[], %(compare_at_minor)s::bigint[], %(currency)s::text[]
    ) AS n (external_id, product_id, sku, title, price_minor, compare_at_minor, currency)
    ON CONFLICT (tenant_id, store_id, external_id) DO UPDATE SET
        product_id = EXCLUDED.product_id,
        sku = EXCLUDED.sku,
        title = EXCLUDED.title,
        price_minor = EXCLUDED.price_minor,
        compare_at_minor = EXCLUDED.compare_at_minor,
        currency = EXCLUDED.currency,
        updated_at = EXCLUDED.updated_at
    WHERE (v.product_id, v.sku, v.title, v.price_minor, v.compare_at_minor, v.currency)
        IS DISTINCT FROM (
            EXCLUDED.product_id, EXCLUDED.sku, EXCLUDED.title, EXCLUDED.price_minor,
            EXCLUDED.compare_at_minor, EXCLUDED.currency
        )
    RETURNING
        v.id, v.external_id, v.product_id, v.sku, v.price_minor, v.compare_at_minor, v.currency
)
SELECT
    w.id, w.external_id, w.product_id, w.sku, w.price_minor, w.compare_at_minor, w.currency,
    k.price_minor AS price_before, k.compare_at_minor AS compare_before,
    k.currency AS currency_before
FROM written AS w
LEFT JOIN known AS k ON k.external_id = w.external_id
