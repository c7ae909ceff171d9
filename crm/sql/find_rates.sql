-- Purpose: the rate of each currency on each day: that day's, else the latest before it.
-- In: currencies, days (arrays of equal length). Out: currency, on_day, rate.
SELECT n.currency, n.on_day, r.rate
FROM unnest(%(currencies)s::text[], %(days)s::date[]) AS n (currency, on_day)
JOIN LATERAL (
    SELECT e.rate
    FROM crm_exchangerate AS e
    WHERE e.tenant_id = %(tenant_id)s AND e.currency = n.currency AND e."on" <= n.on_day
    ORDER BY e."on" DESC
    LIMIT 1
) AS r ON true
