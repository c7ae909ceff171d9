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
-- The last purchase of a product by a person counts, with all its pieces of that order.
WITH cycle AS (
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

bought AS (
    SELECT
        c.id AS cycle_id, o.profile_id, o.id AS order_id, o.number, o.ordered_at,
        min(l.id) AS id, sum(l.quantity) AS quantity,
        lead(o.id) OVER (
            PARTITION BY c.id, o.profile_id ORDER BY o.ordered_at, o.id
        ) IS NOT NULL AS is_bought_again
    FROM cycle AS c
    JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.product_id = c.id
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = l.order_id
    WHERE o.is_counted
      AND o.profile_id IS NOT NULL
      AND o.ordered_at >= %(oldest)s
      AND o.ordered_at <= %(until)s
      AND l.quantity > 0
    GROUP BY c.id, o.profile_id, o.id, o.number, o.ordered_at
),

due AS (
    SELECT
        b.id, b.profile_id, b.order_id, c.external_id AS product_id, c.store_id, c.title, c.url,
        c.image_url, b.number, b.quantity, c.days, b.ordered_at,
        b.ordered_at + c.days * b.quantity * %(percent)s / 100 * interval '1 day' AS due_at
    FROM bought AS b
    JOIN cycle AS c ON c.id = b.cycle_id
    WHERE NOT b.is_bought_again
)

SELECT
    d.id, d.profile_id, d.order_id, d.product_id, d.store_id, d.title, d.url, d.image_url,
    d.number, d.quantity, d.days, d.ordered_at, d.due_at
FROM due AS d
WHERE d.due_at > %(since)s
  AND d.due_at <= %(until)s
  AND d.id > %(after)s
ORDER BY d.id
LIMIT %(count)s;
