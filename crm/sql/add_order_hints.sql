-- Purpose: keep what browsers called the orders that they told of.
-- In: refs, event_ids, times (arrays of equal length). Out: nothing.
INSERT INTO crm_orderhint (tenant_id, order_ref, event_id, occurred_at)
SELECT %(tenant_id)s, n.order_ref, n.event_id, n.occurred_at
FROM unnest(%(refs)s::text[], %(event_ids)s::bigint[], %(times)s::timestamptz[])
    AS n (order_ref, event_id, occurred_at)
ON CONFLICT (tenant_id, order_ref, event_id) DO NOTHING
