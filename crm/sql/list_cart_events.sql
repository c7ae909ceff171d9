-- Purpose: read what some profiles did that says something of their carts.
-- In: ids (of profiles), since, count (events of each at most, the newest).
-- Out: profile_id and one event, in any order; an order's properties are left out.
-- Why: the names stand here as in the partial index event_cart_idx, so that the hundreds of pages
--   between them are not read.
SELECT
    w.profile_id, e.id, e.name, e.occurred_at, e.object_id, e.store_id, e.is_backfill,
    CASE WHEN e.name = 'Order Placed' THEN '{}' ELSE e.properties::text END AS properties
FROM unnest(%(ids)s::bigint[]) AS w (profile_id)
CROSS JOIN LATERAL (
    SELECT c.id, c.name, c.occurred_at, c.object_id, c.store_id, c.is_backfill, c.properties
    FROM crm_event AS c
    WHERE c.tenant_id = %(tenant_id)s
      AND c.profile_id = w.profile_id
      AND c.name IN (
          'Cart Updated', 'Cart Viewed', 'Checkout Started', 'Order Completed', 'Order Placed',
          'Product Added', 'Product Removed'
      )
      AND c.occurred_at > %(since)s
    ORDER BY c.occurred_at DESC, c.id DESC
    LIMIT %(count)s
) AS e
