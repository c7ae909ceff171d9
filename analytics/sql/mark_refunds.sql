-- Purpose: bring the marks of refunds up to date, and the sums with them by the difference.
-- In: as refunds_to_mark.
-- Out: nothing.
-- Why: as mark_orders, after it: a refund is marked by the mark of its order.
WITH fresh AS (
    {analytics.refunds_to_mark}
),
stale AS (
    SELECT
        m.refund_id, m.profile_id, m.at, m.day, m.amount_minor, m.order_on, m.is_email, m.life_on
    FROM analytics_refundmark AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.refund_id = ANY(%(refund_ids)s::bigint[])
),
added AS (TABLE fresh EXCEPT TABLE stale),
changes AS (
    SELECT 1 AS sign, a.* FROM added AS a
    UNION ALL
    SELECT -1 AS sign, t.* FROM (TABLE stale EXCEPT TABLE fresh) AS t
),
dropped AS (
    DELETE FROM analytics_refundmark AS m
    USING changes AS c
    WHERE m.tenant_id = %(tenant_id)s
      AND m.refund_id = c.refund_id
      AND c.sign = -1
      AND NOT EXISTS (SELECT 1 FROM added AS a WHERE a.refund_id = c.refund_id)
),
kept AS (
    INSERT INTO analytics_refundmark (
        tenant_id, refund_id, profile_id, at, day, amount_minor, order_on, is_email, life_on
    )
    SELECT
        %(tenant_id)s, a.refund_id, a.profile_id, a.at, a.day, a.amount_minor, a.order_on,
        a.is_email, a.life_on
    FROM added AS a
    ON CONFLICT (tenant_id, refund_id) DO UPDATE SET
        profile_id = EXCLUDED.profile_id,
        at = EXCLUDED.at,
        day = EXCLUDED.day,
        amount_minor = EXCLUDED.amount_minor,
        order_on = EXCLUDED.order_on,
        is_email = EXCLUDED.is_email,
        life_on = EXCLUDED.life_on
),
summed AS (
    INSERT INTO analytics_dailymetric AS d (
        tenant_id, day, refunded_minor, life_refunded_minor
    )
    SELECT %(tenant_id)s, e.day, sum(e.refunded_minor), sum(e.life_refunded_minor)
    FROM (
        SELECT c.day, c.sign * c.amount_minor AS refunded_minor, 0 AS life_refunded_minor
        FROM changes AS c
        UNION ALL
        SELECT c.life_on, 0, c.sign * c.amount_minor
        FROM changes AS c
        WHERE c.life_on IS NOT NULL
    ) AS e
    GROUP BY e.day
    ON CONFLICT (tenant_id, day) DO UPDATE SET
        refunded_minor = d.refunded_minor + EXCLUDED.refunded_minor,
        life_refunded_minor = d.life_refunded_minor + EXCLUDED.life_refunded_minor
)
INSERT INTO analytics_refundsum AS s (tenant_id, order_on, day, amount_minor, email_minor)
SELECT
    %(tenant_id)s,
    c.order_on,
    c.day,
    sum(c.sign * c.amount_minor),
    COALESCE(sum(c.sign * c.amount_minor) FILTER (WHERE c.is_email), 0)
FROM changes AS c
WHERE c.order_on IS NOT NULL
GROUP BY c.order_on, c.day
ON CONFLICT (tenant_id, order_on, day) DO UPDATE SET
    amount_minor = s.amount_minor + EXCLUDED.amount_minor,
    email_minor = s.email_minor + EXCLUDED.email_minor
