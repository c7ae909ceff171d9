-- Purpose: what the most of some people bought, product by product and category by category, and
--          how many of some others did.
-- In: tenant_id; members, others, profile ids; count, rows of each kind.
-- Out: product_id, NULL for a category; name; members, others.
-- Why: orders are looked up person by person, so that it costs the same however many others there
--      are; a join would read every order of the tenant.
WITH person AS (
    SELECT n.id, true AS is_member
    FROM unnest(%(members)s::bigint[]) AS n (id)
    UNION ALL
    SELECT n.id, false AS is_member
    FROM unnest(%(others)s::bigint[]) AS n (id)
),

bought AS (
    SELECT DISTINCT w.id, w.is_member, l.product_id, NULLIF(l.category, '') AS category
    FROM person AS w
    CROSS JOIN LATERAL (
        SELECT o.id
        FROM crm_order AS o
        WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = w.id AND o.is_counted
        OFFSET 0
    ) AS o
    CROSS JOIN LATERAL (
        SELECT l.product_id, l.category
        FROM crm_orderline AS l
        WHERE l.tenant_id = %(tenant_id)s AND l.order_id = o.id AND l.quantity > 0
        OFFSET 0
    ) AS l
),

counted AS (
    SELECT
        b.product_id,
        b.category,
        GROUPING(b.product_id) = 1 AS is_category,
        count(DISTINCT b.id) FILTER (WHERE b.is_member)::int AS members,
        count(DISTINCT b.id) FILTER (WHERE NOT b.is_member)::int AS others
    FROM bought AS b
    GROUP BY GROUPING SETS ((b.product_id), (b.category))
),

ranked AS (
    SELECT
        c.*,
        row_number() OVER (
            PARTITION BY c.is_category ORDER BY c.members DESC, c.product_id, c.category
        ) AS place
    FROM counted AS c
    WHERE c.members > 0 AND (c.product_id IS NOT NULL OR c.category IS NOT NULL)
)

SELECT r.product_id, COALESCE(p.title, r.category) AS name, r.members, r.others
FROM ranked AS r
LEFT JOIN crm_product AS p ON p.tenant_id = %(tenant_id)s AND p.id = r.product_id
WHERE r.place <= %(count)s
ORDER BY r.is_category, r.place
