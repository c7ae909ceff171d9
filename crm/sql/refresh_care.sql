-- Purpose: recompute what is open and was said of profiles that have facts; only rows that differ
--   are written.
-- In: as care_of_profiles. Out: ids of the profiles whose figures changed.
WITH figures AS (
    {crm.care_of_profiles}
),
wanted AS (
    SELECT
        k.profile_id,
        COALESCE(g.open_ticket_count, 0) AS open_ticket_count,
        g.last_ticket_at,
        COALESCE(g.open_return_count, 0) AS open_return_count,
        COALESCE(g.late_shipment_count, 0) AS late_shipment_count,
        COALESCE(g.review_count, 0) AS review_count,
        g.last_rating,
        COALESCE(g.unhappy_review_count, 0) AS unhappy_review_count,
        COALESCE(g.payment_methods, '{}') AS payment_methods,
        COALESCE(g.order_channels, '{}') AS order_channels
    FROM crm_profilefacts AS k
    LEFT JOIN figures AS g ON g.profile_id = k.profile_id
    WHERE k.tenant_id = %(tenant_id)s
      AND (%(ids)s::bigint[] IS NULL OR k.profile_id = ANY(%(ids)s::bigint[]))
)
UPDATE crm_profilefacts AS f
SET open_ticket_count = w.open_ticket_count,
    last_ticket_at = w.last_ticket_at,
    open_return_count = w.open_return_count,
    late_shipment_count = w.late_shipment_count,
    review_count = w.review_count,
    last_rating = w.last_rating,
    unhappy_review_count = w.unhappy_review_count,
    payment_methods = w.payment_methods,
    order_channels = w.order_channels
FROM wanted AS w
WHERE f.tenant_id = %(tenant_id)s
  AND f.profile_id = w.profile_id
  AND (%(ids)s::bigint[] IS NULL OR f.profile_id = ANY(%(ids)s::bigint[]))
  AND (
    f.open_ticket_count, f.last_ticket_at, f.open_return_count, f.late_shipment_count,
    f.review_count, f.last_rating, f.unhappy_review_count, f.payment_methods, f.order_channels
  ) IS DISTINCT FROM (
    w.open_ticket_count, w.last_ticket_at, w.open_return_count, w.late_shipment_count,
    w.review_count, w.last_rating, w.unhappy_review_count, w.payment_methods, w.order_channels
  )
RETURNING f.profile_id
