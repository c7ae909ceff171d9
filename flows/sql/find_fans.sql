-- flows/sql/find_fans.sql
-- Find the next of those who care for categories, each once in a turn.
--
-- in:  tenant_id    bigint         added by kernel.sql.run_sql
--      asks         integer[]      one element per question, the first ones first
--      turns        integer[]      of a turn each person gets one question at most
--      categories   text[]         of the product that is new
--      affinities   text[]         bought, viewed or either
--      since        timestamptz[]
--      oldest       timestamptz    the earliest of since
--      until        timestamptz    aware; what came later does not count
--      after        bigint         id of the last profile of the page before
--      count        integer        of rows; the last profile has all of its own
-- out: ask, profile_id             in the order of profile_id
--
-- Lines and views of the time are read once, however many questions there are.
WITH ask AS MATERIALIZED (
    SELECT a.ask, a.turn, a.category, a.affinity, a.since
    FROM unnest(
        %(asks)s::integer[], %(turns)s::integer[], %(categories)s::text[],
        %(affinities)s::text[], %(since)s::timestamptz[]
    ) AS a (ask, turn, category, affinity, since)
),

shown AS (
    SELECT 'bought' AS affinity, l.category, o.profile_id, max(o.ordered_at) AS at
    FROM crm_order AS o
    JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.order_id = o.id
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id > %(after)s
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
      AND e.profile_id > %(after)s
      AND e.properties ->> 'category' IN (SELECT a.category FROM ask AS a)
    GROUP BY e.properties ->> 'category', e.profile_id
)

SELECT f.ask, f.profile_id
FROM (
    SELECT DISTINCT ON (s.profile_id, a.turn) a.ask, s.profile_id
    FROM ask AS a
    JOIN shown AS s ON s.category = a.category
    WHERE (a.affinity = 'either' OR s.affinity = a.affinity)
      AND s.at >= a.since
    ORDER BY s.profile_id, a.turn, a.ask
) AS f
ORDER BY f.profile_id
FETCH FIRST (%(count)s) ROWS WITH TIES;
