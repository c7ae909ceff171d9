-- Purpose: find figures of what is open and was said that differ from tickets, returns, reviews,
--   parcels and orders.
-- In: as care_of_profiles. Out: profile_id, stored and recomputed as text; profiles that still have
--   reactions to come are left out.
WITH figures AS (
    {crm.care_of_profiles}
),
compared AS (
    SELECT
        f.profile_id,
        ROW(
            f.open_ticket_count, f.last_ticket_at, f.open_return_count, f.late_shipment_count,
            f.review_count, f.last_rating, f.unhappy_review_count, f.payment_methods,
            f.order_channels
        )::text AS stored,
        ROW(
            COALESCE(g.open_ticket_count, 0), g.last_ticket_at, COALESCE(g.open_return_count, 0),
            COALESCE(g.late_shipment_count, 0), COALESCE(g.review_count, 0), g.last_rating,
            COALESCE(g.unhappy_review_count, 0), COALESCE(g.payment_methods, '{}'),
            COALESCE(g.order_channels, '{}')
        )::text AS recomputed
    FROM crm_profilefacts AS f
    LEFT JOIN figures AS g ON g.profile_id = f.profile_id
    WHERE f.tenant_id = %(tenant_id)s
)
SELECT c.profile_id, c.stored, c.recomputed
FROM compared AS c
WHERE c.stored <> c.recomputed
  AND NOT EXISTS (
    SELECT 1
    FROM crm_reaction AS a
    WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = c.profile_id
  )
ORDER BY c.profile_id
