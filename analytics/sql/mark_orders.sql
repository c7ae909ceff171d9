-- Purpose: bring the marks of orders up to date, and the sums with them by the difference.
-- In: as orders_to_mark; order_ids are all orders of the persons, now or by their marks.
-- Out: nothing.
-- Why: the cost follows the documents of the people named, never the size of the base. Whoever
--   calls it holds the row of RollupState: two writers would add the same difference twice.
WITH fresh AS (
    {analytics.orders_to_mark}
),
stale AS (
    SELECT
        m.order_id, m.profile_id, m.at, m.day, m.gross_minor, m.is_email, m.nth, m.opens_day,
        m.next_on
    FROM analytics_ordermark AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.order_id = ANY(%(order_ids)s::bigint[])
),
added AS (TABLE fresh EXCEPT TABLE stale),
changes AS (
    SELECT 1 AS sign, a.* FROM added AS a
    UNION ALL
    SELECT -1 AS sign, t.* FROM (TABLE stale EXCEPT TABLE fresh) AS t
),
dropped AS (
    DELETE FROM analytics_ordermark AS m
    USING changes AS c
    WHERE m.tenant_id = %(tenant_id)s
      AND m.order_id = c.order_id
      AND c.sign = -1
      AND NOT EXISTS (SELECT 1 FROM added AS a WHERE a.order_id = c.order_id)
),
kept AS (
    INSERT INTO analytics_ordermark (
        tenant_id, order_id, profile_id, at, day, gross_minor, is_email, nth, opens_day, next_on
    )
    SELECT
        %(tenant_id)s, a.order_id, a.profile_id, a.at, a.day, a.gross_minor, a.is_email, a.nth,
        a.opens_day, a.next_on
    FROM added AS a
    ORDER BY a.order_id
    ON CONFLICT (tenant_id, order_id) DO UPDATE SET
        profile_id = EXCLUDED.profile_id,
        at = EXCLUDED.at,
        day = EXCLUDED.day,
        gross_minor = EXCLUDED.gross_minor,
        is_email = EXCLUDED.is_email,
        nth = EXCLUDED.nth,
        opens_day = EXCLUDED.opens_day,
        next_on = EXCLUDED.next_on
),
summed AS (
    INSERT INTO analytics_dailymetric AS d (
        tenant_id, day, gross_minor, known_gross_minor, email_gross_minor, orders, buyers,
        first_orders, second_orders
    )
    SELECT
        %(tenant_id)s,
        c.day,
        sum(c.sign * c.gross_minor),
        COALESCE(sum(c.sign * c.gross_minor) FILTER (WHERE c.profile_id IS NOT NULL), 0),
        COALESCE(sum(c.sign * c.gross_minor) FILTER (WHERE c.is_email), 0),
        sum(c.sign),
        COALESCE(sum(c.sign) FILTER (WHERE c.opens_day), 0),
        COALESCE(sum(c.sign) FILTER (WHERE c.nth = 1), 0),
        COALESCE(sum(c.sign) FILTER (WHERE c.nth = 2), 0)
    FROM changes AS c
    GROUP BY c.day
    ON CONFLICT (tenant_id, day) DO UPDATE SET
        gross_minor = d.gross_minor + EXCLUDED.gross_minor,
        known_gross_minor = d.known_gross_minor + EXCLUDED.known_gross_minor,
        email_gross_minor = d.email_gross_minor + EXCLUDED.email_gross_minor,
        orders = d.orders + EXCLUDED.orders,
        buyers = d.buyers + EXCLUDED.buyers,
        first_orders = d.first_orders + EXCLUDED.first_orders,
        second_orders = d.second_orders + EXCLUDED.second_orders
)
INSERT INTO analytics_buyergap AS g (tenant_id, day, next_on, people)
SELECT %(tenant_id)s, c.day, c.next_on, sum(c.sign)
FROM changes AS c
WHERE c.next_on IS NOT NULL
GROUP BY c.day, c.next_on
HAVING sum(c.sign) <> 0
ON CONFLICT (tenant_id, day, next_on) DO UPDATE SET people = g.people + EXCLUDED.people
