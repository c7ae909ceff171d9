-- flows/sql/find_interested.sql
-- Find those who were interested in products.
--
-- in:  tenant_id                  bigint         added by kernel.sql.run_sql
--      asks                       integer[]      one element per question
--      names                      text[]         event by which interest shows
--      gones                      text[]         event by which it ends; empty for none
--      stores                     bigint[]       shop of the product
--      products, skus             text[]         id at the shop; SKU; empty for none
--      since, untils              timestamptz[]  what came earlier or later does not count
--      shown_by                   text[]         both kinds of names, each once
--      oldest                     timestamptz    the earliest of since
--      newest                     timestamptz    the latest of untils
--      profile_ids                bigint[]       whom to look at; NULL: everybody
-- out: ask, profile_id            each once, in order
--
-- The product is that of the event itself, or one of its list of products or items. The events of
-- the time are read once, however many questions there are, and each question finds its own by
-- equality: a sale asks for thousands of products at once. What ends an interest counts whichever
-- of id and SKU either of the two events names.
WITH ask AS MATERIALIZED (
    SELECT a.ask, a.name, a.gone, a.store_id, a.product, a.sku, a.since, a.until
    FROM unnest(
        %(asks)s::integer[], %(names)s::text[], %(gones)s::text[], %(stores)s::bigint[],
        %(products)s::text[], %(skus)s::text[], %(since)s::timestamptz[],
        %(untils)s::timestamptz[]
    ) AS a (ask, name, gone, store_id, product, sku, since, until)
),

item AS (
    SELECT
        e.name, e.store_id, e.profile_id, e.occurred_at,
        jsonb_array_elements(
            jsonb_build_array(e.properties)
            || CASE
                WHEN jsonb_typeof(e.properties -> 'products') = 'array' THEN e.properties -> 'products'
                WHEN jsonb_typeof(e.properties -> 'items') = 'array' THEN e.properties -> 'items'
                ELSE '[]'::jsonb
            END
        ) AS said
    FROM crm_event AS e
    WHERE e.tenant_id = %(tenant_id)s
      AND e.name = ANY(%(shown_by)s::text[])
      AND e.occurred_at >= %(oldest)s
      AND e.occurred_at <= %(newest)s
      AND e.profile_id IS NOT NULL
      AND (
          %(profile_ids)s::bigint[] IS NULL
          OR e.profile_id = ANY(%(profile_ids)s::bigint[])
      )
),

shown AS MATERIALIZED (
    SELECT
        i.name, i.store_id, i.profile_id, i.occurred_at,
        i.said ->> 'product_id' AS product, i.said ->> 'sku' AS sku
    FROM item AS i
    WHERE (i.store_id, i.said ->> 'product_id') IN (SELECT a.store_id, a.product FROM ask AS a)
       OR i.said ->> 'sku' IN (SELECT a.sku FROM ask AS a)
)

SELECT m.ask, m.profile_id
FROM (
    SELECT a.ask, s.profile_id, s.occurred_at, s.name = a.gone AS is_gone
    FROM ask AS a
    JOIN shown AS s
      ON s.store_id = a.store_id AND s.product = a.product AND s.name IN (a.name, a.gone)
    WHERE a.product <> '' AND s.occurred_at >= a.since AND s.occurred_at <= a.until
    UNION ALL
    SELECT a.ask, s.profile_id, s.occurred_at, s.name = a.gone AS is_gone
    FROM ask AS a
    JOIN shown AS s ON s.sku = a.sku AND s.name IN (a.name, a.gone)
    WHERE a.sku <> '' AND s.occurred_at >= a.since AND s.occurred_at <= a.until
) AS m
GROUP BY m.ask, m.profile_id
HAVING max(m.occurred_at) FILTER (WHERE NOT m.is_gone)
    > COALESCE(max(m.occurred_at) FILTER (WHERE m.is_gone), '-infinity')
ORDER BY m.ask, m.profile_id;
