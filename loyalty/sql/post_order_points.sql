-- loyalty/sql/post_order_points.sql
-- Post what is missing so that the entries of each order sum up to what the order is worth.
--
-- in:  tenant_id     bigint       added by kernel.sql.run_sql
--      order_ids     bigint[]     orders that changed; their accounts are locked
--      rate          numeric      points per unit of new orders; null: none are earned now
--      rule_version  integer      of that rate
--      unit          bigint       minor units in one unit of the tenant's currency
--      now           timestamptz  when corrections take effect
-- out: id, profile_id, kind, points, source_key, order_id, effective_at   of the new entries
--
-- Entries are read once, by order, so that the cost follows the batch and not the ledger. An order
-- earns once and keeps the rate it earned at. Each refund takes its part of the running share
-- (loyalty/domain/earning.py), so that parts never take more than the whole. What then differs
-- (cancelled, amended, moved to another profile) is one correction.
WITH present AS MATERIALIZED (
    SELECT e.order_id, e.profile_id, e.kind, e.points, e.source_key, e.rate, e.rule_version
    FROM loyalty_pointsentry AS e
    WHERE e.tenant_id = %(tenant_id)s AND e.order_id = ANY(%(order_ids)s::bigint[])
),
earned AS (
    SELECT e.order_id, e.rate, e.rule_version
    FROM present AS e
    WHERE e.kind = 'earn'
),
held AS (
    SELECT
        e.order_id, e.profile_id, sum(e.points) AS points,
        bool_or(e.kind = 'reverse' AND e.source_key = 'order:' || e.order_id) AS is_reversed
    FROM present AS e
    GROUP BY e.order_id, e.profile_id
),
written AS (
    SELECT e.order_id, count(*) AS entries
    FROM present AS e
    GROUP BY e.order_id
),
offered AS (
    -- What the tier that somebody has by now makes of the rate.
    SELECT o.id AS order_id, round(%(rate)s::numeric * coalesce(t.multiplier, 1), 4) AS rate
    FROM crm_order AS o
    LEFT JOIN loyalty_pointsaccount AS a
        ON a.tenant_id = %(tenant_id)s AND a.profile_id = o.profile_id
    LEFT JOIN loyalty_tier AS t ON t.tenant_id = %(tenant_id)s AND t.id = a.tier_id
    WHERE o.tenant_id = %(tenant_id)s AND o.id = ANY(%(order_ids)s::bigint[])
),
worth AS (
    SELECT
        o.id, o.profile_id, o.ordered_at, o.cancelled_at, o.is_counted, o.currency,
        o.gross_minor, o.base_gross_minor, n.order_id IS NOT NULL AS has_earned,
        coalesce(n.rate, f.rate) AS rate, coalesce(n.rule_version, %(rule_version)s) AS version,
        CASE WHEN o.is_counted OR n.order_id IS NOT NULL THEN greatest(0, floor(
            coalesce(o.base_gross_minor, 0) * coalesce(n.rate, f.rate, 0) / %(unit)s
        )) ELSE 0 END AS earned
    FROM crm_order AS o
    JOIN offered AS f ON f.order_id = o.id
    LEFT JOIN earned AS n ON n.order_id = o.id
    WHERE o.tenant_id = %(tenant_id)s
      AND o.id = ANY(%(order_ids)s::bigint[])
      AND o.profile_id IS NOT NULL
),
refund AS (
    SELECT
        r.id, r.order_id, r.refunded_at, p.order_id IS NOT NULL AS is_posted,
        greatest(0, CASE
            WHEN r.currency = w.currency THEN r.amount_minor::numeric
            WHEN coalesce(w.base_gross_minor, 0) = 0 THEN 0
            ELSE div(coalesce(r.base_amount_minor, 0)::numeric * w.gross_minor, w.base_gross_minor)
        END) AS amount
    FROM crm_refund AS r
    JOIN worth AS w ON w.id = r.order_id AND w.is_counted AND w.earned > 0
    LEFT JOIN present AS p ON p.kind = 'reverse' AND p.source_key = 'refund:' || r.id
    WHERE r.tenant_id = %(tenant_id)s AND r.order_id = ANY(%(order_ids)s::bigint[])
),
running AS (
    SELECT
        f.*, sum(f.amount) OVER (
            PARTITION BY f.order_id ORDER BY f.is_posted DESC, f.refunded_at, f.id
        ) AS upto
    FROM refund AS f
),
taken AS (
    SELECT
        f.id, f.order_id, f.refunded_at, f.is_posted, CASE WHEN w.gross_minor > 0 THEN
            div(w.earned * least(f.upto, w.gross_minor), w.gross_minor)
            - div(w.earned * least(f.upto - f.amount, w.gross_minor), w.gross_minor)
        ELSE 0 END AS points
    FROM running AS f
    JOIN worth AS w ON w.id = f.order_id
),
refunded AS (
    SELECT
        t.order_id, sum(t.points) AS points,
        coalesce(sum(t.points) FILTER (WHERE NOT t.is_posted), 0) AS new_points
    FROM taken AS t
    GROUP BY t.order_id
),
correction AS (
    SELECT
        w.id AS order_id, w.profile_id, w.cancelled_at, w.version, w.rate,
        NOT w.is_counted AND NOT coalesce(h.is_reversed, FALSE) AS is_reversal,
        CASE WHEN w.is_counted THEN w.earned - coalesce(f.points, 0) ELSE 0 END
            - coalesce(h.points, 0) + coalesce(f.new_points, 0)
            - CASE WHEN w.is_counted AND NOT w.has_earned THEN w.earned ELSE 0 END AS points
    FROM worth AS w
    LEFT JOIN held AS h ON h.order_id = w.id AND h.profile_id = w.profile_id
    LEFT JOIN refunded AS f ON f.order_id = w.id
    UNION ALL
    SELECT h.order_id, h.profile_id, NULL, w.version, w.rate, FALSE, -h.points
    FROM held AS h
    JOIN worth AS w ON w.id = h.order_id AND w.profile_id <> h.profile_id
),
entry AS (
    SELECT
        w.profile_id, 'earn' AS kind, w.earned AS points, 'order:' || w.id AS source_key,
        w.id AS order_id, w.version, w.rate, w.ordered_at AS effective_at
    FROM worth AS w
    WHERE w.is_counted AND NOT w.has_earned AND w.earned > 0
    UNION ALL
    SELECT
        w.profile_id, 'reverse', -t.points, 'refund:' || t.id,
        w.id, w.version, w.rate, t.refunded_at
    FROM taken AS t
    JOIN worth AS w ON w.id = t.order_id
    WHERE NOT t.is_posted
    UNION ALL
    SELECT
        c.profile_id, CASE WHEN c.is_reversal AND c.points < 0 THEN 'reverse' ELSE 'adjust' END,
        c.points, CASE WHEN c.is_reversal AND c.points < 0 THEN 'order:' || c.order_id
            ELSE 'order:' || c.order_id || ':p' || c.profile_id
                || ':v' || coalesce(n.entries, 0) + 1 END,
        c.order_id, c.version, c.rate, coalesce(c.cancelled_at, %(now)s)
    FROM correction AS c
    LEFT JOIN written AS n ON n.order_id = c.order_id
    WHERE c.points <> 0
)
INSERT INTO loyalty_pointsentry (
    tenant_id, profile_id, kind, points, source_key, order_id, rule_version, rate, effective_at
)
SELECT
    %(tenant_id)s, e.profile_id, e.kind, e.points, e.source_key, e.order_id,
    coalesce(e.version, 1), e.rate, e.effective_at
FROM entry AS e
ORDER BY e.effective_at, e.order_id, e.source_key
ON CONFLICT (tenant_id, kind, source_key) DO NOTHING
RETURNING id, profile_id, kind, points, source_key, order_id, effective_at;
