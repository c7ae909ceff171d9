-- Purpose: find which visitors told of some orders of stores.
-- In: order_ids. Out: event_id, buyer_id (profile of the order), visitor_id (of the event).
-- Why: two days around the order, so that the number of another store's order of another year
--   says nothing.
WITH named AS (
    SELECT o.profile_id, o.ordered_at, r.order_ref
    FROM crm_order AS o
    CROSS JOIN LATERAL (
        VALUES (o.external_id), (ltrim(o.number, '#')), (o.checkout_token)
    ) AS r (order_ref)
    WHERE o.tenant_id = %(tenant_id)s
      AND o.id = ANY(%(order_ids)s::bigint[])
      AND o.profile_id IS NOT NULL
      AND r.order_ref <> ''
)
SELECT DISTINCT h.event_id, n.profile_id AS buyer_id, e.profile_id AS visitor_id
FROM named AS n
JOIN crm_orderhint AS h ON h.tenant_id = %(tenant_id)s AND h.order_ref = n.order_ref
JOIN crm_event AS e ON e.tenant_id = %(tenant_id)s AND e.id = h.event_id
    AND e.occurred_at = h.occurred_at
WHERE h.occurred_at BETWEEN n.ordered_at - interval '2 days' AND n.ordered_at + interval '2 days'
  AND e.profile_id IS NOT NULL
