-- Purpose: orders that came after a merge under an address or number that goes back with the
--   restored profile: they go with it, and so do their events.
-- In: loser, winner, merged_at; kept (ids of orders that the merge itself had moved).
-- Out: id of each order.
WITH own AS (
    SELECT i.kind, i.value_norm
    FROM crm_identity AS i
    WHERE i.tenant_id = %(tenant_id)s
      AND i.profile_id = %(loser)s
      AND i.kind IN ('email', 'phone')
),
followed AS (
    UPDATE crm_order AS o
    SET profile_id = %(loser)s
    WHERE o.tenant_id = %(tenant_id)s
      AND o.profile_id = %(winner)s
      AND o.created_at >= %(merged_at)s
      AND o.id <> ALL(%(kept)s::bigint[])
      AND EXISTS (
        SELECT 1
        FROM own AS w
        WHERE (w.kind = 'email' AND w.value_norm = lower(o.email))
           OR (w.kind = 'phone' AND w.value_norm = o.phone)
      )
    RETURNING o.id
),
told AS (
    UPDATE crm_event AS e
    SET profile_id = %(loser)s
    FROM followed AS f
    WHERE e.tenant_id = %(tenant_id)s
      AND e.profile_id = %(winner)s
      AND e.object_id = f.id
      AND e.name IN ('Order Placed', 'Order Updated', 'Order Cancelled')
),
refunded AS (
    UPDATE crm_event AS e
    SET profile_id = %(loser)s
    FROM crm_refund AS r
    WHERE e.tenant_id = %(tenant_id)s
      AND r.tenant_id = %(tenant_id)s
      AND e.profile_id = %(winner)s
      AND e.object_id = r.id
      AND e.name = 'Order Refunded'
      AND r.order_id IN (SELECT f.id FROM followed AS f)
)
SELECT f.id FROM followed AS f ORDER BY f.id
