-- flows/sql/find_refills.sql
-- Find what people bought that is used up by so much and was not bought again since.
--
-- in:  tenant_id   bigint       added by kernel.sql.run_sql
--      percent     integer      of the time that the pieces last
--      least       integer      so many re-orders say how long a piece lasts; else what was said
--      oldest      timestamptz  older orders are left out
--      since       timestamptz  what was due by then is left out
--      until       timestamptz  aware
--      after       bigint       id of the last line of the page before
--      count       integer
-- out: id (of the first line), profile_id, order_id, product_id (at the store), store_id, title,
--      url, image_url, number, quantity, days, ordered_at, due_at; in the order of id
--
-- The last purchase of a product by a person counts, with all its pieces of that order. What is due
-- is read from an index and nothing else: of each product, and of each number of pieces, whatever
-- was bought so long ago. OFFSET 0 has each of them looked up, as nobody can tell the planner how
-- few there are. What lasts for a hundred years and more is older than the oldest before it is due.
WITH RECURSIVE cycle AS (
    SELECT
        p.id, p.external_id, p.store_id, p.title, p.url, p.image_url,
        CASE WHEN r.reorder_count >= %(least)s THEN r.days ELSE p.refill_days END AS days
    FROM crm_product AS p
    LEFT JOIN crm_refillcycle AS r
        ON r.tenant_id = %(tenant_id)s AND r.product_id = p.id AND p.flags @> ARRAY['consumable']
    WHERE p.tenant_id = %(tenant_id)s
      AND p.deleted_at IS NULL
      AND (p.refill_days IS NOT NULL OR r.reorder_count >= %(least)s)
),

pieces AS (
    SELECT c.id AS cycle_id, fewest.quantity
    FROM cycle AS c
    CROSS JOIN LATERAL (
        SELECT min(b.quantity) AS quantity
        FROM crm_refillpurchase AS b
        WHERE b.tenant_id = %(tenant_id)s AND b.product_id = c.id
    ) AS fewest
    UNION ALL
    SELECT n.cycle_id, more.quantity
    FROM pieces AS n
    CROSS JOIN LATERAL (
        SELECT min(b.quantity) AS quantity
        FROM crm_refillpurchase AS b
        WHERE b.tenant_id = %(tenant_id)s
          AND b.product_id = n.cycle_id
          AND b.quantity > n.quantity
    ) AS more
    WHERE n.quantity IS NOT NULL
),

lasting AS (
    SELECT
        c.id, c.external_id, c.store_id, c.title, c.url, c.image_url, c.days, n.quantity,
        least(c.days::bigint * n.quantity * %(percent)s / 100, 36500) * interval '1 day' AS lasts
    FROM pieces AS n
    JOIN cycle AS c ON c.id = n.cycle_id
    WHERE n.quantity IS NOT NULL
)

SELECT
    line.id, o.profile_id, o.id AS order_id, c.external_id AS product_id, c.store_id, c.title,
    c.url, c.image_url, o.number, b.quantity, c.days, b.ordered_at,
    b.ordered_at + c.lasts AS due_at
FROM lasting AS c
CROSS JOIN LATERAL (
    SELECT k.order_id, k.product_id, k.quantity, k.ordered_at
    FROM crm_refillpurchase AS k
    WHERE k.tenant_id = %(tenant_id)s
      AND k.product_id = c.id
      AND k.quantity = c.quantity
      AND k.ordered_at > greatest(%(since)s::timestamptz - c.lasts, %(oldest)s::timestamptz)
      AND k.ordered_at <= %(until)s::timestamptz - c.lasts
    OFFSET 0
) AS b
CROSS JOIN LATERAL (
    SELECT p.id, p.profile_id, p.number, p.ordered_at
    FROM crm_order AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.id = b.order_id AND p.is_counted
    OFFSET 0
) AS o
CROSS JOIN LATERAL (
    SELECT min(l.id) AS id
    FROM crm_orderline AS l
    WHERE l.tenant_id = %(tenant_id)s
      AND l.order_id = b.order_id
      AND l.product_id = b.product_id
      AND l.quantity > 0
) AS line
WHERE o.profile_id IS NOT NULL
  AND line.id > %(after)s
  AND NOT EXISTS (
    SELECT 1
    FROM crm_order AS later
    JOIN crm_refillpurchase AS again
        ON again.tenant_id = %(tenant_id)s
        AND again.order_id = later.id
        AND again.product_id = b.product_id
    WHERE later.tenant_id = %(tenant_id)s
      AND later.profile_id = o.profile_id
      AND (later.ordered_at, later.id) > (o.ordered_at, o.id)
      AND later.ordered_at <= %(until)s
  )
ORDER BY line.id
LIMIT %(count)s;
