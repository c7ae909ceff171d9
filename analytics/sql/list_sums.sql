-- Purpose: the sums of each day of a period that has any, for charts.
-- In: first_day, last_day (both included); until (refunds of the day's orders up to this day).
-- Out: day, gross, refunded (by the refund's own day), orders, new_buyers, repeat_buyers,
--   lifetime_net (what buyers got worth more that day), email_gross, and returned, email_returned:
--   what went back for the day's orders; oldest first.
SELECT
    d.day,
    d.gross_minor AS gross,
    d.refunded_minor AS refunded,
    d.orders,
    d.first_orders AS new_buyers,
    d.second_orders AS repeat_buyers,
    d.known_gross_minor - d.life_refunded_minor AS lifetime_net,
    d.email_gross_minor AS email_gross,
    COALESCE(s.amount, 0)::bigint AS returned,
    COALESCE(s.email, 0)::bigint AS email_returned
FROM analytics_dailymetric AS d
LEFT JOIN (
    SELECT r.order_on, sum(r.amount_minor) AS amount, sum(r.email_minor) AS email
    FROM analytics_refundsum AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND r.order_on BETWEEN %(first_day)s AND %(last_day)s
      AND r.day <= %(until)s
    GROUP BY r.order_on
) AS s ON s.order_on = d.day
WHERE d.tenant_id = %(tenant_id)s AND d.day BETWEEN %(first_day)s AND %(last_day)s
ORDER BY d.day
