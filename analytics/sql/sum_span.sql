-- Purpose: what came in between two instants of one day, for Home.
-- In: starts_at, ends_at (left out).
-- Out: one row: gross, refunded (in the span), orders, buyers, new_buyers, email_gross.
-- Why: reads the marks of a part of one day by their time; everything about people stands on them.
SELECT
    COALESCE(sum(m.gross_minor), 0)::bigint AS gross,
    (
        SELECT COALESCE(sum(r.amount_minor), 0)::bigint
        FROM analytics_refundmark AS r
        WHERE r.tenant_id = %(tenant_id)s AND r.at >= %(starts_at)s AND r.at < %(ends_at)s
    ) AS refunded,
    count(*) AS orders,
    count(DISTINCT m.profile_id) AS buyers,
    count(*) FILTER (WHERE m.nth = 1) AS new_buyers,
    COALESCE(sum(m.gross_minor) FILTER (WHERE m.is_email), 0)::bigint AS email_gross
FROM analytics_ordermark AS m
WHERE m.tenant_id = %(tenant_id)s AND m.at >= %(starts_at)s AND m.at < %(ends_at)s
