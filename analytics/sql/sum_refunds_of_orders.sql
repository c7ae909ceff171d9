-- Purpose: what went back, by the end of a period, for the orders of the period.
-- In: first_day, last_day (both included). Out: one row: amount, email (the part of orders that
--   are credited to email).
SELECT
    COALESCE(sum(s.amount_minor), 0)::bigint AS amount,
    COALESCE(sum(s.email_minor), 0)::bigint AS email
FROM analytics_refundsum AS s
WHERE s.tenant_id = %(tenant_id)s
  AND s.order_on BETWEEN %(first_day)s AND %(last_day)s
  AND s.day <= %(last_day)s
