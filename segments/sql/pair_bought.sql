-- Purpose: what goes with the products that the most of some people have, and who lacks it.
-- In: tenant_id; members, profile ids; products, ids of what most have; least, people who must
--     have both; count.
-- Out: has_id, has_title, lacks_id, lacks_title, has, lacks_total, both; the strongest first.
-- Why: strength is how much more often the two are together than by chance, of these people. Orders
--      are looked up person by person, so that it costs the same however many others there are.
WITH bought AS (
    SELECT DISTINCT w.id, l.product_id
    FROM unnest(%(members)s::bigint[]) AS w (id)
    CROSS JOIN LATERAL (
        SELECT o.id
        FROM crm_order AS o
        WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = w.id AND o.is_counted
        OFFSET 0
    ) AS o
    CROSS JOIN LATERAL (
        SELECT l.product_id
        FROM crm_orderline AS l
        WHERE l.tenant_id = %(tenant_id)s AND l.order_id = o.id AND l.quantity > 0
        OFFSET 0
    ) AS l
    WHERE l.product_id IS NOT NULL
),

held AS (
    SELECT b.product_id, count(*)::int AS people
    FROM bought AS b
    GROUP BY b.product_id
),

pair AS (
    SELECT a.product_id AS has_id, b.product_id AS lacks_id, count(*)::int AS both
    FROM bought AS a
    JOIN bought AS b ON b.id = a.id AND b.product_id <> a.product_id
    WHERE a.product_id = ANY(%(products)s::bigint[])
    GROUP BY a.product_id, b.product_id
    HAVING count(*) >= %(least)s
)

SELECT
    r.has_id,
    one.title AS has_title,
    r.lacks_id,
    other.title AS lacks_title,
    h.people AS has,
    l.people AS lacks_total,
    r.both
FROM pair AS r
JOIN held AS h ON h.product_id = r.has_id
JOIN held AS l ON l.product_id = r.lacks_id
JOIN crm_product AS one ON one.tenant_id = %(tenant_id)s AND one.id = r.has_id
JOIN crm_product AS other ON other.tenant_id = %(tenant_id)s AND other.id = r.lacks_id
WHERE h.people > r.both
ORDER BY r.both::numeric / h.people / l.people DESC, r.both DESC, r.has_id, r.lacks_id
LIMIT %(count)s
