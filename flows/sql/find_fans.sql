-- flows/sql/find_fans.sql
-- Find those who care for categories.
--
-- in:  tenant_id    bigint         added by kernel.sql.run_sql
--      asks         integer[]      one element per question
--      categories   text[]         of the product that is new
--      affinities   text[]         bought, viewed or either
--      since        timestamptz[]
--      oldest       timestamptz    the earliest of since
--      until        timestamptz    aware; what came later does not count
-- out: ask, profile_id             each once, in order
--
-- Lines and views of the time are read once, however many questions there are.
WITH ask AS MATERIALIZED (
    SELECT a.ask, a.category, a.affinity, a.since
    FROM unnest(
        %(asks)s::integer[], %(categories)s::text[], %(affinities)s::text[],
        %(since)s::timestamptz[]
    ) AS a (ask, category, affinity, since)
),

shown AS (
    SELECT 'bought' AS affinity, l.category, o.profile_id, max(o.ordered_at) AS at
    FROM crm_order AS o
    JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.order_id = o.id
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND o.ordered_at >= %(oldest)s
      AND o.ordered_at <= %(until)s
      AND l.category IN (SELECT a.category FROM ask AS a)
    GROUP BY l.category, o.profile_id
    UNION ALL
    SELECT 'viewed', e.properties ->> 'category', e.profile_id, max(e.occurred_at)
    FROM crm_event AS e
    WHERE e.tenant_id = %(tenant_id)s
      AND e.name = 'Product Viewed'
      AND e.occurred_at >= %(oldest)s
      AND e.occurred_at <= %(until)s
      AND e.profile_id IS NOT NULL
      AND e.properties ->> 'category' IN (SELECT a.category FROM ask AS a)
    GROUP BY e.properties ->> 'category', e.profile_id
)

SELECT DISTINCT a.ask, s.profile_id
FROM ask AS a
JOIN shown AS s ON s.category = a.category
WHERE (a.affinity = 'either' OR s.affinity = a.affinity)
  AND s.at >= a.since
ORDER BY a.ask, s.profile_id;
