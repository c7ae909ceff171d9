-- Purpose: how many buyers ordered on a later day than one of them.
-- In: tenant_id; last_order_on, local day.
-- Out: one row: buyers, more_recent.
SELECT
    count(*)::int AS buyers,
    count(*) FILTER (WHERE s.last_order_on > %(last_order_on)s)::int AS more_recent
FROM segments_rfmscore AS s
WHERE s.tenant_id = %(tenant_id)s
