-- Purpose: find stored order figures that differ from what orders and refunds say.
-- In: until_refreshed (true: leave out documents from the time of the last refresh on, as a
--   scoring of a past day does).
-- Out: profile_id, stored and recomputed figures as text. Profiles that still have reactions to
--   come are left out.
WITH bounds AS (
    SELECT f.profile_id, f.refreshed_at
    FROM crm_profilefacts AS f
    WHERE f.tenant_id = %(tenant_id)s
),
purchases AS (
    SELECT
        o.profile_id,
        count(*) AS order_count,
        COALESCE(sum(o.base_gross_minor), 0) AS gross_minor,
        min(o.ordered_at) AS first_order_at,
        max(o.ordered_at) AS last_order_at,
        count(*) FILTER (
            WHERE o.ordered_at > b.refreshed_at - interval '24 months'
        ) AS lookback_count,
        COALESCE(sum(o.base_gross_minor) FILTER (
            WHERE o.ordered_at > b.refreshed_at - interval '24 months'
        ), 0) AS lookback_gross_minor
    FROM crm_order AS o
    LEFT JOIN bounds AS b ON b.profile_id = o.profile_id
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND (NOT %(until_refreshed)s OR o.ordered_at < b.refreshed_at)
    GROUP BY o.profile_id
),
returns AS (
    SELECT
        r.profile_id,
        COALESCE(sum(r.base_amount_minor), 0) AS refunded_minor,
        COALESCE(sum(r.base_amount_minor) FILTER (
            WHERE r.refunded_at > b.refreshed_at - interval '24 months'
        ), 0) AS lookback_refunded_minor
    FROM crm_refund AS r
    LEFT JOIN bounds AS b ON b.profile_id = r.profile_id
    LEFT JOIN crm_order AS o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
    WHERE r.tenant_id = %(tenant_id)s
      AND (r.order_id IS NULL OR o.is_counted)
      AND r.profile_id IS NOT NULL
      AND r.base_amount_minor IS NOT NULL
      AND (NOT %(until_refreshed)s OR r.refunded_at < b.refreshed_at)
    GROUP BY r.profile_id
),
kinds AS (
    SELECT
        o.profile_id,
        array_agg(DISTINCT l.category COLLATE "C" ORDER BY l.category COLLATE "C") AS categories
    FROM crm_order AS o
    LEFT JOIN bounds AS b ON b.profile_id = o.profile_id
    JOIN crm_orderline AS l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND l.category <> ''
      AND (NOT %(until_refreshed)s OR o.ordered_at < b.refreshed_at)
    GROUP BY o.profile_id
),
compared AS (
    SELECT
        p.id AS profile_id,
        ROW(
            COALESCE(f.order_count, 0), COALESCE(f.gross_minor, 0),
            COALESCE(f.refunded_minor, 0), COALESCE(f.net_minor, 0), f.first_order_at,
            f.last_order_at, COALESCE(f.categories, '{}'), COALESCE(f.lookback_order_count, 0),
            COALESCE(f.lookback_net_minor, 0)
        )::text AS stored,
        ROW(
            COALESCE(b.order_count, 0), COALESCE(b.gross_minor, 0),
            COALESCE(r.refunded_minor, 0),
            COALESCE(b.gross_minor, 0) - COALESCE(r.refunded_minor, 0), b.first_order_at,
            b.last_order_at, COALESCE(k.categories, '{}'), COALESCE(b.lookback_count, 0),
            COALESCE(b.lookback_gross_minor, 0) - COALESCE(r.lookback_refunded_minor, 0)
        )::text AS recomputed
    FROM crm_profile AS p
    LEFT JOIN crm_profilefacts AS f ON f.tenant_id = p.tenant_id AND f.profile_id = p.id
    LEFT JOIN purchases AS b ON b.profile_id = p.id
    LEFT JOIN returns AS r ON r.profile_id = p.id
    LEFT JOIN kinds AS k ON k.profile_id = p.id
    WHERE p.tenant_id = %(tenant_id)s
      AND p.merged_into_id IS NULL
      AND p.erased_at IS NULL
      AND NOT EXISTS (
        SELECT 1
        FROM crm_reaction AS a
        WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = p.id
      )
)
SELECT c.profile_id, c.stored, c.recomputed
FROM compared AS c
WHERE c.stored <> c.recomputed
ORDER BY c.profile_id
