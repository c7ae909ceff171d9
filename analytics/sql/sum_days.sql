-- Purpose: sales of each day of a period, for charts; a day without sales is a row of zeros.
-- In: zone (IANA), first_day, last_day (both included), starts_at, ends_at (the same as instants).
-- Out: day, gross, refunded (by the refund's own date), orders; oldest first.
-- Why: one scan of each table by its time index; days are the tenant's calendar.
WITH sold AS (
    SELECT
        (o.ordered_at AT TIME ZONE %(zone)s)::date AS day,
        COALESCE(sum(o.base_gross_minor), 0) AS gross_minor,
        count(*) AS order_count
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.ordered_at >= %(starts_at)s
      AND o.ordered_at < %(ends_at)s
    GROUP BY 1
),
returned AS (
    SELECT
        (r.refunded_at AT TIME ZONE %(zone)s)::date AS day,
        COALESCE(sum(r.base_amount_minor), 0) AS amount_minor
    FROM crm_refund AS r
    LEFT JOIN crm_order AS o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
    WHERE r.tenant_id = %(tenant_id)s
      AND r.refunded_at >= %(starts_at)s
      AND r.refunded_at < %(ends_at)s
      AND (r.order_id IS NULL OR o.is_counted)
    GROUP BY 1
)
SELECT
    d.day::date AS day,
    COALESCE(s.gross_minor, 0)::bigint AS gross,
    COALESCE(r.amount_minor, 0)::bigint AS refunded,
    COALESCE(s.order_count, 0)::bigint AS orders
FROM generate_series(
    %(first_day)s::timestamp, %(last_day)s::timestamp, interval '1 day'
) AS d (day)
LEFT JOIN sold AS s ON s.day = d.day::date
LEFT JOIN returned AS r ON r.day = d.day::date
ORDER BY d.day
