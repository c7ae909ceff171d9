-- Purpose: say when profiles last did what facts keep, of their events; taken in by others.
-- In: ids (of profiles; NULL: everybody's).
-- Out: profile_id, viewed_at, carted_at, checkout_at, searched_at.
SELECT
    e.profile_id,
    max(e.occurred_at) FILTER (WHERE e.name = 'Product Viewed') AS viewed_at,
    max(e.occurred_at) FILTER (WHERE e.name = 'Product Added') AS carted_at,
    max(e.occurred_at) FILTER (WHERE e.name = 'Checkout Started') AS checkout_at,
    max(e.occurred_at) FILTER (WHERE e.name = 'Products Searched') AS searched_at
FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s
  AND e.name IN ('Product Viewed', 'Product Added', 'Checkout Started', 'Products Searched')
  AND e.profile_id IS NOT NULL
  AND (%(ids)s::bigint[] IS NULL OR e.profile_id = ANY(%(ids)s::bigint[]))
GROUP BY e.profile_id
