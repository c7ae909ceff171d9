-- Purpose: what one person likes: categories, brands and prices of a piece, each with a score.
-- In: tenant_id; profile_id; orders, the newest so many are looked at; most, how many of each kind.
-- Out: kind (category, brand, price), word, low (of a band of prices, in minor units of the tenant's
--     currency), score from 0 to 100, last_at; by kind, the best first.
-- Why: the score is the share of the orders that hold such a thing. An order counts half as much as
--      one that is a year younger, so that a score changes by orders and not by the clock. Bands
--      begin at 1, 2 and 5 of each power of ten, whatever the currency. What was free has no price.
WITH placed AS (
    SELECT
        o.id, o.ordered_at,
        o.base_gross_minor::numeric / NULLIF(o.gross_minor, 0) AS rate,
        power(
            0.5::float8,
            extract(epoch FROM max(o.ordered_at) OVER () - o.ordered_at)::float8 / 31557600
        ) AS weight
    FROM (
        SELECT n.id, n.ordered_at, n.base_gross_minor, n.gross_minor
        FROM crm_order AS n
        WHERE n.tenant_id = %(tenant_id)s AND n.profile_id = %(profile_id)s AND n.is_counted
        ORDER BY n.ordered_at DESC, n.id DESC
        LIMIT %(orders)s
    ) AS o
),

bought AS (
    SELECT
        o.id, o.ordered_at, o.weight, l.category, COALESCE(r.brand, '') AS brand,
        trunc(l.total_minor * o.rate / l.quantity) AS price
    FROM placed AS o
    JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.order_id = o.id
    LEFT JOIN crm_product AS r ON r.tenant_id = %(tenant_id)s AND r.id = l.product_id
    WHERE l.quantity > 0
),

priced AS (
    SELECT
        b.*,
        CASE WHEN b.price >= 1 THEN power(10::numeric, length(b.price::text) - 1) END AS ten
    FROM bought AS b
),

held AS (
    SELECT b.id, b.ordered_at, b.weight, k.kind, min(k.word) AS word, k.low
    FROM priced AS b
    CROSS JOIN LATERAL (
        VALUES
            ('category', b.category, NULL::bigint),
            ('brand', b.brand, NULL),
            ('price', '', (b.ten * CASE
                WHEN b.price < b.ten * 2 THEN 1 WHEN b.price < b.ten * 5 THEN 2 ELSE 5
            END)::bigint)
    ) AS k (kind, word, low)
    WHERE k.word <> '' OR k.low IS NOT NULL
    GROUP BY b.id, b.ordered_at, b.weight, k.kind, lower(k.word), k.low
),

ranked AS (
    SELECT
        h.kind, min(h.word) AS word, h.low, max(h.ordered_at) AS last_at,
        100 * sum(h.weight) / (SELECT sum(o.weight) FROM placed AS o) AS score,
        row_number() OVER (
            PARTITION BY h.kind
            ORDER BY sum(h.weight) DESC, max(h.ordered_at) DESC, lower(min(h.word)), h.low
        ) AS place
    FROM held AS h
    GROUP BY h.kind, lower(h.word), h.low
)

SELECT n.kind, n.word, n.low, n.score, n.last_at
FROM ranked AS n
WHERE n.place <= %(most)s
ORDER BY n.kind, n.place
