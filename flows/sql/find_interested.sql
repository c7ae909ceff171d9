-- flows/sql/find_interested.sql
-- Find those who were interested in products.
--
-- in:  tenant_id                  bigint         added by kernel.sql.run_sql
--      asks                       integer[]      one element per question
--      names                      text[]         event by which interest shows
--      stores                     bigint[]       shop of the product
--      products, skus             text[]         id at the shop; SKU, empty for none
--      since                      timestamptz[]
--      until                      timestamptz    aware; what came later does not count
-- out: ask, profile_id            each once, in order
--
-- The product is that of the event itself, or one of its list of products or items.
SELECT DISTINCT a.ask, e.profile_id
FROM unnest(
    %(asks)s::integer[], %(names)s::text[], %(stores)s::bigint[], %(products)s::text[],
    %(skus)s::text[], %(since)s::timestamptz[]
) AS a (ask, name, store_id, product, sku, since)
JOIN crm_event AS e
    ON e.tenant_id = %(tenant_id)s
    AND e.name = a.name
    AND e.occurred_at >= a.since
    AND e.occurred_at <= %(until)s
JOIN crm_profile AS p
    ON p.tenant_id = %(tenant_id)s
    AND p.id = e.profile_id
    AND NOT p.is_anonymous
    AND p.erased_at IS NULL
CROSS JOIN LATERAL (
    SELECT e.properties AS said
    UNION ALL
    SELECT jsonb_array_elements(
        CASE
            WHEN jsonb_typeof(e.properties -> 'products') = 'array' THEN e.properties -> 'products'
            WHEN jsonb_typeof(e.properties -> 'items') = 'array' THEN e.properties -> 'items'
            ELSE '[]'::jsonb
        END
    )
) AS i
WHERE (e.store_id = a.store_id AND i.said ->> 'product_id' = a.product)
   OR (a.sku <> '' AND i.said ->> 'sku' = a.sku)
ORDER BY a.ask, e.profile_id;
