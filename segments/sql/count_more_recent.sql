-- Purpose: a buyer's recency, and how many buyers ordered on a later day.
-- In: tenant_id; profile_id.
-- Out: recency, last_order_on, buyers, more_recent; no row for who is no buyer.
-- Why: a row for each day of the look-back is read, however many buyers there are.
SELECT
    r.recency,
    r.last_order_on,
    COALESCE(sum(d.profile_count), 0)::bigint AS buyers,
    COALESCE(sum(d.profile_count) FILTER (
        WHERE d.last_order_on > r.last_order_on
    ), 0)::bigint AS more_recent
FROM segments_rfmscore AS r
LEFT JOIN segments_rfmday AS d ON d.tenant_id = %(tenant_id)s
WHERE r.tenant_id = %(tenant_id)s AND r.profile_id = %(profile_id)s
GROUP BY r.recency, r.last_order_on
