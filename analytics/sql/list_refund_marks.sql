-- Purpose: all marks of refunds, in the columns of refunds_to_mark. In: nothing.
SELECT
    m.refund_id, m.profile_id, m.at, m.day, m.amount_minor, m.order_on, m.is_email, m.life_on
FROM analytics_refundmark AS m
WHERE m.tenant_id = %(tenant_id)s
