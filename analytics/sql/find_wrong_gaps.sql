-- Purpose: gaps between orders, and sums of refunds, that are not the sums of the marks.
-- In: nothing. Out: name (of the table in words), day, other_day, stored, added.
WITH added AS (
    SELECT 'gap' AS name, m.day, m.next_on AS other_day, count(*) AS one, 0::numeric AS two
    FROM analytics_ordermark AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.next_on IS NOT NULL
    GROUP BY m.day, m.next_on
    UNION ALL
    SELECT
        'refunds', m.order_on, m.day, sum(m.amount_minor)::bigint,
        COALESCE(sum(m.amount_minor) FILTER (WHERE m.is_email), 0)
    FROM analytics_refundmark AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.order_on IS NOT NULL
    GROUP BY m.order_on, m.day
),
stored AS (
    SELECT 'gap' AS name, g.day, g.next_on AS other_day, g.people AS one, 0::numeric AS two
    FROM analytics_buyergap AS g
    WHERE g.tenant_id = %(tenant_id)s AND g.people <> 0
    UNION ALL
    SELECT 'refunds', s.order_on, s.day, s.amount_minor, s.email_minor
    FROM analytics_refundsum AS s
    WHERE s.tenant_id = %(tenant_id)s AND (s.amount_minor <> 0 OR s.email_minor <> 0)
)
SELECT
    COALESCE(s.name, a.name) AS name,
    COALESCE(s.day, a.day) AS day,
    COALESCE(s.other_day, a.other_day) AS other_day,
    concat_ws(' ', s.one, s.two) AS stored,
    concat_ws(' ', a.one, a.two) AS added
FROM stored AS s
FULL JOIN added AS a ON a.name = s.name AND a.day = s.day AND a.other_day = s.other_day
WHERE (COALESCE(s.one, 0), COALESCE(s.two, 0)) <> (COALESCE(a.one, 0), COALESCE(a.two, 0))
ORDER BY 1, 2, 3
