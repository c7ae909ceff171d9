-- Purpose: what all buyers were worth and how many bought again, up to each of two instants.
-- In: ends_at, before_at (instants, left out; before_at is the earlier one).
-- Out: one row, each figure for ends_at and, named before_…, for before_at: buyers (at least one
--   order that counts), repeat_buyers (at least two), net (what they paid minus what went back to
--   them by then), profiles (known by then, merged ones left out).
-- Why: from the documents and not from the facts, which hold for the present alone; both instants
--   in one pass, which is what this costs.
WITH purchases AS (
    SELECT
        o.profile_id,
        count(*) AS order_count,
        COALESCE(sum(o.base_gross_minor), 0) AS gross_minor,
        count(*) FILTER (WHERE o.ordered_at < %(before_at)s) AS before_count,
        COALESCE(sum(o.base_gross_minor) FILTER (
            WHERE o.ordered_at < %(before_at)s
        ), 0) AS before_minor
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND o.ordered_at < %(ends_at)s
    GROUP BY o.profile_id
),
returns AS (
    SELECT
        COALESCE(sum(r.base_amount_minor), 0) AS amount_minor,
        COALESCE(sum(r.base_amount_minor) FILTER (
            WHERE r.refunded_at < %(before_at)s AND p.before_count > 0
        ), 0) AS before_minor
    FROM crm_refund AS r
    JOIN purchases AS p ON p.profile_id = r.profile_id
    LEFT JOIN crm_order AS o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
    WHERE r.tenant_id = %(tenant_id)s
      AND r.refunded_at < %(ends_at)s
      AND (r.order_id IS NULL OR o.is_counted)
),
known AS (
    SELECT
        count(*) AS profiles,
        count(*) FILTER (WHERE k.created_at < %(before_at)s) AS before_profiles
    FROM crm_profile AS k
    WHERE k.tenant_id = %(tenant_id)s
      AND k.merged_into_id IS NULL
      AND k.created_at < %(ends_at)s
)
SELECT
    count(*) AS buyers,
    count(*) FILTER (WHERE p.order_count > 1) AS repeat_buyers,
    (COALESCE(sum(p.gross_minor), 0) - (SELECT r.amount_minor FROM returns AS r))::bigint AS net,
    (SELECT k.profiles FROM known AS k) AS profiles,
    count(*) FILTER (WHERE p.before_count > 0) AS before_buyers,
    count(*) FILTER (WHERE p.before_count > 1) AS before_repeat_buyers,
    (
        COALESCE(sum(p.before_minor), 0) - (SELECT r.before_minor FROM returns AS r)
    )::bigint AS before_net,
    (SELECT k.before_profiles FROM known AS k) AS before_profiles
FROM purchases AS p
