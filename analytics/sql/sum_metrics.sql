-- Purpose: the sums of a period, and of everything up to its end.
-- In: first_day, last_day (both included). Out: one row.
SELECT
    COALESCE(sum(d.gross_minor) FILTER (WHERE d.day >= %(first_day)s), 0)::bigint AS gross,
    COALESCE(sum(d.email_gross_minor) FILTER (
        WHERE d.day >= %(first_day)s
    ), 0)::bigint AS email_gross,
    COALESCE(sum(d.refunded_minor) FILTER (WHERE d.day >= %(first_day)s), 0)::bigint AS refunded,
    COALESCE(sum(d.orders) FILTER (WHERE d.day >= %(first_day)s), 0)::bigint AS orders,
    COALESCE(sum(d.first_orders) FILTER (WHERE d.day >= %(first_day)s), 0)::bigint AS new_buyers,
    COALESCE(sum(d.first_orders), 0)::bigint AS all_buyers,
    COALESCE(sum(d.second_orders), 0)::bigint AS repeat_buyers,
    COALESCE(sum(d.profiles), 0)::bigint AS profiles,
    COALESCE(sum(d.known_gross_minor - d.life_refunded_minor), 0)::bigint AS lifetime_net
FROM analytics_dailymetric AS d
WHERE d.tenant_id = %(tenant_id)s AND d.day <= %(last_day)s
