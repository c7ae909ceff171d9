-- Purpose: days whose sums are not the sums of the marks.
-- In: nothing. Out: day, stored, added: the sums in the order of DailyMetric, as text.
WITH added AS (
    SELECT
        e.day,
        sum(e.gross_minor) AS gross_minor,
        sum(e.known_gross_minor) AS known_gross_minor,
        sum(e.email_gross_minor) AS email_gross_minor,
        sum(e.refunded_minor) AS refunded_minor,
        sum(e.life_refunded_minor) AS life_refunded_minor,
        sum(e.orders) AS orders,
        sum(e.buyers) AS buyers,
        sum(e.first_orders) AS first_orders,
        sum(e.second_orders) AS second_orders,
        sum(e.profiles) AS profiles
    FROM (
        SELECT
            m.day,
            m.gross_minor,
            CASE WHEN m.profile_id IS NULL THEN 0 ELSE m.gross_minor END AS known_gross_minor,
            CASE WHEN m.is_email THEN m.gross_minor ELSE 0 END AS email_gross_minor,
            0 AS refunded_minor,
            0 AS life_refunded_minor,
            1 AS orders,
            m.opens_day::int AS buyers,
            (m.nth = 1)::int AS first_orders,
            (m.nth = 2)::int AS second_orders,
            0 AS profiles
        FROM analytics_ordermark AS m
        WHERE m.tenant_id = %(tenant_id)s
        UNION ALL
        SELECT m.day, 0, 0, 0, m.amount_minor, 0, 0, 0, 0, 0, 0
        FROM analytics_refundmark AS m
        WHERE m.tenant_id = %(tenant_id)s
        UNION ALL
        SELECT m.life_on, 0, 0, 0, 0, m.amount_minor, 0, 0, 0, 0, 0
        FROM analytics_refundmark AS m
        WHERE m.tenant_id = %(tenant_id)s AND m.life_on IS NOT NULL
        UNION ALL
        SELECT m.day, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
        FROM analytics_profilemark AS m
        WHERE m.tenant_id = %(tenant_id)s
    ) AS e
    GROUP BY e.day
),
compared AS (
    SELECT
        COALESCE(d.day, a.day) AS day,
        ARRAY[
            COALESCE(d.gross_minor, 0), COALESCE(d.known_gross_minor, 0),
            COALESCE(d.email_gross_minor, 0), COALESCE(d.refunded_minor, 0),
            COALESCE(d.life_refunded_minor, 0), COALESCE(d.orders, 0), COALESCE(d.buyers, 0),
            COALESCE(d.first_orders, 0), COALESCE(d.second_orders, 0), COALESCE(d.profiles, 0)
        ]::bigint[] AS stored,
        ARRAY[
            COALESCE(a.gross_minor, 0), COALESCE(a.known_gross_minor, 0),
            COALESCE(a.email_gross_minor, 0), COALESCE(a.refunded_minor, 0),
            COALESCE(a.life_refunded_minor, 0), COALESCE(a.orders, 0), COALESCE(a.buyers, 0),
            COALESCE(a.first_orders, 0), COALESCE(a.second_orders, 0), COALESCE(a.profiles, 0)
        ]::bigint[] AS added
    FROM (SELECT * FROM analytics_dailymetric AS m WHERE m.tenant_id = %(tenant_id)s) AS d
    FULL JOIN added AS a ON a.day = d.day
)
SELECT c.day, c.stored::text AS stored, c.added::text AS added
FROM compared AS c
WHERE c.stored <> c.added
ORDER BY c.day
