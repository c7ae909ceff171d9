-- Purpose: how many buyers ordered on a later day than one of them.
-- In: tenant_id; last_order_on, local day.
-- Out: one row: buyers, more_recent.
-- Why: a row for each day of the look-back is read, however many buyers there are.
SELECT
    COALESCE(sum(d.profile_count), 0)::bigint AS buyers,
    COALESCE(sum(d.profile_count) FILTER (
        WHERE d.last_order_on > %(last_order_on)s
    ), 0)::bigint AS more_recent
FROM segments_rfmday AS d
WHERE d.tenant_id = %(tenant_id)s
