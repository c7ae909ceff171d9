-- Purpose: what buyers are scored on, for a range of profiles, to be scored outside SQL.
-- In: tenant_id and what the source of buyers takes; after; upto, NULL for no end.
-- Out: profile_id, last_order_on, order_count, net_minor, ascending.
SELECT b.profile_id, b.last_order_on, b.order_count, b.net_minor
FROM (
    {buyers}
) AS b
WHERE b.profile_id > %(after)s
  AND (%(upto)s::bigint IS NULL OR b.profile_id <= %(upto)s::bigint)
ORDER BY b.profile_id
