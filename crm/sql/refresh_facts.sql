-- Purpose: recompute the order figures of profiles from their orders and refunds.
-- In: as documents_of_profiles, and now.
-- Out: ids of the profiles whose figures changed.
-- Why: one statement, so that the cost follows the number of profiles asked for. The look-back is
--   the 24 months before now.
WITH documents AS (
    SELECT d.*, false AS is_profile
    FROM (
        {crm.documents_of_profiles}
    ) AS d
    UNION ALL
    SELECT p.id, NULL, NULL, NULL, NULL, NULL, true
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s
      AND p.merged_into_id IS NULL
      AND p.erased_at IS NULL
      AND (%(ids)s::bigint[] IS NULL OR p.id = ANY(%(ids)s::bigint[]))
),
figures AS (
    SELECT
        d.profile_id,
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
            WHERE d.bought_at > %(now)s - interval '24 months'
        ) AS lookback_count,
        COALESCE(sum(COALESCE(d.base_gross_minor, 0) - COALESCE(d.refunded_minor, 0)) FILTER (
            WHERE d.dated_at > %(now)s - interval '24 months'
        ), 0) AS lookback_net_minor,
        min(d.dated_at) FILTER (
            WHERE d.dated_at > %(now)s - interval '24 months'
        ) AS lookback_from
    FROM documents AS d
    GROUP BY d.profile_id
    HAVING bool_or(d.is_profile)
)
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, order_count, gross_minor, refunded_minor, net_minor, first_order_at,
    last_order_at, days_between_orders, categories, lookback_order_count, lookback_net_minor,
    lookback_from, refreshed_at
)
SELECT
    %(tenant_id)s, g.profile_id, g.order_count, g.gross_minor, g.refunded_minor,
    g.gross_minor - g.refunded_minor, g.first_order_at, g.last_order_at,
    CASE WHEN g.order_count > 1 THEN round(
        extract(epoch FROM g.last_order_at - g.first_order_at) / 86400 / (g.order_count - 1), 2
    ) END,
    g.categories, g.lookback_count, g.lookback_net_minor, g.lookback_from, %(now)s
FROM figures AS g
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    order_count = EXCLUDED.order_count,
    gross_minor = EXCLUDED.gross_minor,
    refunded_minor = EXCLUDED.refunded_minor,
    net_minor = EXCLUDED.net_minor,
    first_order_at = EXCLUDED.first_order_at,
    last_order_at = EXCLUDED.last_order_at,
    days_between_orders = EXCLUDED.days_between_orders,
    categories = EXCLUDED.categories,
    lookback_order_count = EXCLUDED.lookback_order_count,
    lookback_net_minor = EXCLUDED.lookback_net_minor,
    lookback_from = EXCLUDED.lookback_from,
    refreshed_at = EXCLUDED.refreshed_at
WHERE (
    f.order_count, f.gross_minor, f.refunded_minor, f.net_minor, f.first_order_at,
    f.last_order_at, f.days_between_orders, f.categories, f.lookback_order_count,
    f.lookback_net_minor, f.lookback_from
) IS DISTINCT FROM (
    EXCLUDED.order_count, EXCLUDED.gross_minor, EXCLUDED.refunded_minor, EXCLUDED.net_minor,
    EXCLUDED.first_order_at, EXCLUDED.last_order_at, EXCLUDED.days_between_orders,
    EXCLUDED.categories, EXCLUDED.lookback_order_count, EXCLUDED.lookback_net_minor,
    EXCLUDED.lookback_from
)
RETURNING profile_id
