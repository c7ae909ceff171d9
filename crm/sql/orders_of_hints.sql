-- Purpose: find which orders of stores some visitors told of.
-- In: event_ids, refs, times (arrays of equal length). Out: as hints_of_orders.
-- Why: each way an order may be named by has an index of its own; stores are few.
WITH hints AS (
    SELECT h.event_id, h.order_ref, h.occurred_at
    FROM unnest(%(event_ids)s::bigint[], %(refs)s::text[], %(times)s::timestamptz[])
        AS h (event_id, order_ref, occurred_at)
),
found AS (
    SELECT h.event_id, h.occurred_at, o.profile_id, o.ordered_at
    FROM hints AS h
    CROSS JOIN crm_store AS s
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s
        AND o.store_id = s.id AND o.external_id = h.order_ref
    WHERE s.tenant_id = %(tenant_id)s
    UNION ALL
    SELECT h.event_id, h.occurred_at, o.profile_id, o.ordered_at
    FROM hints AS h
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s
        AND o.number IN (h.order_ref, '#' || h.order_ref)
    UNION ALL
    SELECT h.event_id, h.occurred_at, o.profile_id, o.ordered_at
    FROM hints AS h
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s
        AND o.checkout_token = h.order_ref AND o.checkout_token <> ''
)
SELECT DISTINCT f.event_id, f.profile_id AS buyer_id, e.profile_id AS visitor_id
FROM found AS f
JOIN crm_event AS e ON e.tenant_id = %(tenant_id)s AND e.id = f.event_id
    AND e.occurred_at = f.occurred_at
WHERE f.occurred_at BETWEEN f.ordered_at - interval '2 days' AND f.ordered_at + interval '2 days'
  AND f.profile_id IS NOT NULL
  AND e.profile_id IS NOT NULL
