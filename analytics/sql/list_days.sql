-- Purpose: the sums of each day of a period, for charts; a day without any is a row of zeros.
-- In: first_day, last_day (both included).
-- Out: day, gross, refunded (by the refund's own date), orders; oldest first.
SELECT
    d.day::date AS day,
    COALESCE(m.gross_minor, 0)::bigint AS gross,
    COALESCE(m.refunded_minor, 0)::bigint AS refunded,
    COALESCE(m.orders, 0)::bigint AS orders
FROM generate_series(
    %(first_day)s::timestamp, %(last_day)s::timestamp, interval '1 day'
) AS d (day)
LEFT JOIN analytics_dailymetric AS m
    ON m.tenant_id = %(tenant_id)s AND m.day = d.day::date
ORDER BY d.day
