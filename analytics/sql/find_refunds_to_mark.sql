-- Purpose: the refunds whose marks a change may touch.
-- In: persons, order_ids, refund_ids. Out: refund_id.
SELECT r.id AS refund_id
FROM crm_refund AS r
WHERE r.tenant_id = %(tenant_id)s AND r.profile_id = ANY(%(persons)s::bigint[])
UNION
SELECT r.id
FROM crm_refund AS r
WHERE r.tenant_id = %(tenant_id)s AND r.order_id = ANY(%(order_ids)s::bigint[])
UNION
SELECT m.refund_id
FROM analytics_refundmark AS m
WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = ANY(%(persons)s::bigint[])
UNION
SELECT unnest(%(refund_ids)s::bigint[])
