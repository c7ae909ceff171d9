-- Purpose: all marks of orders, in the columns of orders_to_mark. In: nothing.
SELECT
    m.order_id, m.profile_id, m.at, m.day, m.gross_minor, m.is_email, m.nth, m.opens_day, m.next_on
FROM analytics_ordermark AS m
WHERE m.tenant_id = %(tenant_id)s
