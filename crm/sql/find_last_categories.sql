-- crm/sql/find_last_categories.sql
-- Find the category that each of some people bought of or looked at last.
--
-- in:  tenant_id    bigint         added by kernel.sql.run_sql
--      ids          bigint[]       profiles
--      since        timestamptz    what was before does not count
--      until        timestamptz    aware; what came later does not count
-- out: profile_id, category        no row for whom nothing is known
SELECT p.id AS profile_id, t.category
FROM unnest(%(ids)s::bigint[]) AS p (id)
CROSS JOIN LATERAL (
    (
        SELECT l.category, o.ordered_at AS at
        FROM crm_order AS o
        JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.order_id = o.id
        WHERE o.tenant_id = %(tenant_id)s
          AND o.profile_id = p.id
          AND o.is_counted
          AND o.ordered_at >= %(since)s
          AND o.ordered_at <= %(until)s
          AND l.category <> ''
        ORDER BY o.ordered_at DESC, o.id DESC, l.position
        LIMIT 1
    )
    UNION ALL
    (
        SELECT e.properties ->> 'category', e.occurred_at
        FROM crm_event AS e
        WHERE e.tenant_id = %(tenant_id)s
          AND e.profile_id = p.id
          AND e.name = 'Product Viewed'
          AND e.occurred_at >= %(since)s
          AND e.occurred_at <= %(until)s
          AND e.properties ->> 'category' <> ''
        ORDER BY e.occurred_at DESC, e.id DESC
        LIMIT 1
    )
    ORDER BY at DESC
    LIMIT 1
) AS t;
