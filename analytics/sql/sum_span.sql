-- Purpose: what came in since a day began, for Home.
-- In: starts_at, the first instant of a day of the tenant's; ends_at (left out), on the same day.
-- Out: one row: gross, refunded (in the span), orders, buyers, new_buyers, email_gross.
-- Why: reads the marks of a part of one day by their time; everything about people stands on them,
--   so nobody is told apart by sorting. The order of the inner list keeps it in the index of times
--   where statistics do not know the tenant yet and every index looks as good.
SELECT
    COALESCE(sum(m.gross_minor), 0)::bigint AS gross,
    (
        SELECT COALESCE(sum(r.amount_minor), 0)::bigint
        FROM (
            SELECT f.amount_minor
            FROM analytics_refundmark AS f
            WHERE f.tenant_id = %(tenant_id)s AND f.at >= %(starts_at)s AND f.at < %(ends_at)s
            ORDER BY f.at
        ) AS r
    ) AS refunded,
    count(*) AS orders,
    count(*) FILTER (WHERE m.opens_day) AS buyers,
    count(*) FILTER (WHERE m.nth = 1) AS new_buyers,
    COALESCE(sum(m.gross_minor) FILTER (WHERE m.is_email), 0)::bigint AS email_gross
FROM (
    SELECT o.gross_minor, o.opens_day, o.nth, o.is_email
    FROM analytics_ordermark AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.at >= %(starts_at)s AND o.at < %(ends_at)s
    ORDER BY o.at
) AS m
