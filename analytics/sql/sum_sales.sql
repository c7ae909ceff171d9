-- Purpose: sales, buyers and what email earned in one period.
-- In: starts_at, ends_at (instants; the end is left out), click_days (attribution window, days).
-- Out: one row: gross, refunded (by the refund's own date), orders, buyers, new_buyers,
--   ordered_net (net of the orders of the period, refunds of theirs whenever they came before
--   ends_at), email_net (the part of ordered_net whose last click on an email lies in the window).
-- Why: an order looks up one click, its last, so it is credited at most once, and what is credited
--   is part of what is summed. A refund of an order that does not count does not count either.
WITH sold AS (
    SELECT
        o.id,
        o.profile_id,
        o.ordered_at,
        COALESCE(o.base_gross_minor, 0) AS gross_minor
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.ordered_at >= %(starts_at)s
      AND o.ordered_at < %(ends_at)s
),
returned AS (
    SELECT r.order_id, sum(r.base_amount_minor) AS amount_minor
    FROM crm_refund AS r
    JOIN sold AS s ON s.id = r.order_id
    WHERE r.tenant_id = %(tenant_id)s
      AND r.refunded_at < %(ends_at)s
    GROUP BY r.order_id
),
credited AS (
    SELECT
        s.id,
        s.profile_id,
        s.gross_minor,
        s.gross_minor - COALESCE(b.amount_minor, 0) AS net_minor,
        EXISTS (
            SELECT 1
            FROM messaging_touch AS t
            JOIN messaging_message AS m ON m.tenant_id = t.tenant_id AND m.id = t.message_id
            WHERE t.tenant_id = %(tenant_id)s
              AND t.profile_id = s.profile_id
              AND t.kind = 'clicked'
              AND NOT t.is_bot
              AND m.channel = 'email'
              AND t.at <= s.ordered_at
              AND t.at > s.ordered_at - make_interval(days => %(click_days)s)
        ) AS is_email
    FROM sold AS s
    LEFT JOIN returned AS b ON b.order_id = s.id
)
SELECT
    COALESCE(sum(c.gross_minor), 0)::bigint AS gross,
    (
        SELECT COALESCE(sum(r.base_amount_minor), 0)::bigint
        FROM crm_refund AS r
        LEFT JOIN crm_order AS o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
        WHERE r.tenant_id = %(tenant_id)s
          AND r.refunded_at >= %(starts_at)s
          AND r.refunded_at < %(ends_at)s
          AND (r.order_id IS NULL OR o.is_counted)
    ) AS refunded,
    count(*) AS orders,
    count(DISTINCT c.profile_id) AS buyers,
    count(DISTINCT c.profile_id) FILTER (
        WHERE f.first_order_at IS NULL OR f.first_order_at >= %(starts_at)s
    ) AS new_buyers,
    COALESCE(sum(c.net_minor), 0)::bigint AS ordered_net,
    COALESCE(sum(c.net_minor) FILTER (WHERE c.is_email), 0)::bigint AS email_net
FROM credited AS c
LEFT JOIN crm_profilefacts AS f
    ON f.tenant_id = %(tenant_id)s AND f.profile_id = c.profile_id
