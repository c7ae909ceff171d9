-- Purpose: what each buyer is scored on, from the facts of the profiles.
-- In: tenant_id; zone, IANA name; profile_ids, NULL for all buyers.
-- Out: profile_id, last_order_on, order_count, net_minor; one row per buyer in the look-back.
-- Why: the usual source. `buyers_from_orders` gives the same rows for a day in the past.
SELECT
    f.profile_id,
    (f.last_order_at AT TIME ZONE %(zone)s)::date AS last_order_on,
    f.lookback_order_count AS order_count,
    f.lookback_net_minor AS net_minor
FROM crm_profilefacts AS f
WHERE f.tenant_id = %(tenant_id)s
  AND f.lookback_order_count > 0
  AND f.last_order_at IS NOT NULL
  AND (%(profile_ids)s::bigint[] IS NULL OR f.profile_id = ANY(%(profile_ids)s::bigint[]))
