-- Purpose: everybody and every order that a change touches, one step further.
-- In: persons, order_ids, refund_ids (what is known of it so far).
-- Out: person_ids and orders, as arrays: who holds a named document now or by its mark, who holds
--   a document that a named person holds otherwise, and the orders of all these marks.
-- Why: what a person adds depends on all orders of the person, so whoever loses one to a merge, a
--   correction or an erasure has to be added up anew beside whoever gets it.
WITH named AS (
    SELECT unnest(%(order_ids)s::bigint[]) AS order_id
    UNION
    SELECT o.id
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = ANY(%(persons)s::bigint[])
    UNION
    SELECT m.order_id
    FROM analytics_ordermark AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = ANY(%(persons)s::bigint[])
    UNION
    SELECT r.order_id
    FROM crm_refund AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND r.id = ANY(%(refund_ids)s::bigint[])
      AND r.order_id IS NOT NULL
),
held AS (
    SELECT unnest(%(persons)s::bigint[]) AS profile_id
    UNION
    SELECT o.profile_id
    FROM crm_order AS o
    JOIN named AS n ON n.order_id = o.id
    WHERE o.tenant_id = %(tenant_id)s
    UNION
    SELECT m.profile_id
    FROM analytics_ordermark AS m
    JOIN named AS n ON n.order_id = m.order_id
    WHERE m.tenant_id = %(tenant_id)s
)
SELECT
    ARRAY(SELECT h.profile_id FROM held AS h WHERE h.profile_id IS NOT NULL) AS person_ids,
    ARRAY(SELECT n.order_id FROM named AS n) AS orders
