-- Purpose: recompute the order figures of profiles from their orders and refunds.
-- In: ids (NULL means all profiles); now; until (documents from then on are left out, NULL means
--   none are).
-- Out: ids of the profiles whose figures changed.
-- Why: one statement, so that the cost follows the number of profiles asked for. Money is in the
--   tenant's currency; an order without a rate counts as an order and adds no money. A refund of
--   an order that does not count does not count either, one without a known order does. The
--   look-back is the 24 months before now.
WITH purchases AS (
    SELECT
        o.profile_id,
        count(*) AS order_count,
        COALESCE(sum(o.base_gross_minor), 0) AS gross_minor,
        min(o.ordered_at) AS first_order_at,
        max(o.ordered_at) AS last_order_at,
        count(*) FILTER (WHERE o.ordered_at > %(now)s - interval '24 months') AS lookback_count,
        COALESCE(sum(o.base_gross_minor) FILTER (
            WHERE o.ordered_at > %(now)s - interval '24 months'
        ), 0) AS lookback_gross_minor,
        min(o.ordered_at) FILTER (
            WHERE o.ordered_at > %(now)s - interval '24 months'
        ) AS lookback_from
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND (%(ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(ids)s::bigint[]))
      AND (%(until)s::timestamptz IS NULL OR o.ordered_at < %(until)s)
    GROUP BY o.profile_id
),
returns AS (
    SELECT
        r.profile_id,
        COALESCE(sum(r.base_amount_minor), 0) AS refunded_minor,
        COALESCE(sum(r.base_amount_minor) FILTER (
            WHERE r.refunded_at > %(now)s - interval '24 months'
        ), 0) AS lookback_refunded_minor,
        min(r.refunded_at) FILTER (
            WHERE r.refunded_at > %(now)s - interval '24 months'
        ) AS lookback_from
    FROM crm_refund AS r
    LEFT JOIN crm_order AS o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
    WHERE r.tenant_id = %(tenant_id)s
      AND (r.order_id IS NULL OR o.is_counted)
      AND r.profile_id IS NOT NULL
      AND r.base_amount_minor IS NOT NULL
      AND (%(ids)s::bigint[] IS NULL OR r.profile_id = ANY(%(ids)s::bigint[]))
      AND (%(until)s::timestamptz IS NULL OR r.refunded_at < %(until)s)
    GROUP BY r.profile_id
),
kinds AS (
    SELECT
        o.profile_id,
        array_agg(DISTINCT l.category COLLATE "C" ORDER BY l.category COLLATE "C") AS categories
    FROM crm_order AS o
    JOIN crm_orderline AS l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND l.category <> ''
      AND (%(ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(ids)s::bigint[]))
      AND (%(until)s::timestamptz IS NULL OR o.ordered_at < %(until)s)
    GROUP BY o.profile_id
)
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, order_count, gross_minor, refunded_minor, net_minor, first_order_at,
    last_order_at, days_between_orders, categories, lookback_order_count, lookback_net_minor,
    lookback_from, refreshed_at
)
SELECT
    %(tenant_id)s,
    p.id,
    COALESCE(b.order_count, 0),
    COALESCE(b.gross_minor, 0),
    COALESCE(r.refunded_minor, 0),
    COALESCE(b.gross_minor, 0) - COALESCE(r.refunded_minor, 0),
    b.first_order_at,
    b.last_order_at,
    CASE WHEN b.order_count > 1 THEN round(
        extract(epoch FROM b.last_order_at - b.first_order_at) / 86400 / (b.order_count - 1), 2
    ) END,
    COALESCE(k.categories, '{}'),
    COALESCE(b.lookback_count, 0),
    COALESCE(b.lookback_gross_minor, 0) - COALESCE(r.lookback_refunded_minor, 0),
    LEAST(b.lookback_from, r.lookback_from),
    %(now)s
FROM crm_profile AS p
LEFT JOIN purchases AS b ON b.profile_id = p.id
LEFT JOIN returns AS r ON r.profile_id = p.id
LEFT JOIN kinds AS k ON k.profile_id = p.id
WHERE p.tenant_id = %(tenant_id)s
  AND p.merged_into_id IS NULL
  AND p.erased_at IS NULL
  AND (%(ids)s::bigint[] IS NULL OR p.id = ANY(%(ids)s::bigint[]))
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
