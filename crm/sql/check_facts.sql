-- Purpose: find stored order figures that differ from what orders and refunds say.
-- In: as documents_of_profiles, which is asked for all; until_refreshed (true: leave out documents
--   from the time of the last refresh on, as a scoring of a past day does).
-- Out: profile_id, stored and recomputed figures as text. Profiles that still have reactions to
--   come are left out.
-- Why: stacked and grouped like refresh_facts; the stored row is stacked too, so that each document
--   knows when its profile was refreshed.
WITH documents AS (
    SELECT
        d.*, NULL::timestamptz AS refreshed_at, NULL::text AS stored, 0 AS is_profile,
        0 AS is_pending
    FROM (
        {crm.documents_of_profiles}
    ) AS d
    UNION ALL
    SELECT p.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, 0
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.merged_into_id IS NULL AND p.erased_at IS NULL
    UNION ALL
    SELECT a.profile_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 1
    FROM crm_reaction AS a
    WHERE a.tenant_id = %(tenant_id)s AND a.profile_id IS NOT NULL
    UNION ALL
    SELECT
        f.profile_id, NULL, NULL, NULL, NULL, NULL, f.refreshed_at,
        ROW(
            f.order_count, f.gross_minor, f.refunded_minor, f.net_minor, f.first_order_at,
            f.last_order_at, f.categories, f.lookback_order_count, f.lookback_net_minor
        )::text,
        0, 0
    FROM crm_profilefacts AS f
    WHERE f.tenant_id = %(tenant_id)s
),
dated AS (
    SELECT d.*, max(d.refreshed_at) OVER (PARTITION BY d.profile_id) AS as_of
    FROM documents AS d
),
figures AS (
    SELECT
        d.profile_id,
        max(d.stored) AS stored,
        count(d.bought_at) AS order_count,
        COALESCE(sum(d.base_gross_minor), 0) AS gross_minor,
        COALESCE(sum(d.refunded_minor), 0) AS refunded_minor,
        min(d.bought_at) AS first_order_at,
        max(d.bought_at) AS last_order_at,
        COALESCE(
            array_agg(DISTINCT d.category ORDER BY d.category)
                FILTER (WHERE d.category IS NOT NULL),
            '{}'
        ) AS categories,
        count(d.bought_at) FILTER (
            WHERE d.bought_at > d.as_of - interval '24 months'
        ) AS lookback_count,
        COALESCE(sum(COALESCE(d.base_gross_minor, 0) - COALESCE(d.refunded_minor, 0)) FILTER (
            WHERE d.dated_at > d.as_of - interval '24 months'
        ), 0) AS lookback_net_minor
    FROM dated AS d
    WHERE NOT (%(until_refreshed)s AND d.dated_at IS NOT NULL AND d.dated_at >= d.as_of)
    GROUP BY d.profile_id
    HAVING max(d.is_profile) = 1 AND max(d.is_pending) = 0
),
compared AS (
    SELECT
        g.profile_id,
        COALESCE(g.stored, ROW(0, 0, 0, 0, NULL, NULL, '{}', 0, 0)::text) AS stored,
        ROW(
            g.order_count, g.gross_minor, g.refunded_minor, g.gross_minor - g.refunded_minor,
            g.first_order_at, g.last_order_at, g.categories, g.lookback_count,
            g.lookback_net_minor
        )::text AS recomputed
    FROM figures AS g
)
SELECT c.profile_id, c.stored, c.recomputed
FROM compared AS c
WHERE c.stored <> c.recomputed
ORDER BY c.profile_id
