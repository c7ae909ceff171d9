-- Purpose: recompute what is open and was said of profiles that have facts; only rows that differ
--   are written.
-- In: as care_of_profiles. Out: ids of the profiles whose figures changed.
-- Why: figures and facts are stacked and grouped, and what differs is found by EXCEPT: by stale
--   statistics of a new tenant a join worked the figures out anew for each profile.
WITH figures AS (
    {crm.care_of_profiles}
),
stacked AS (
    SELECT g.*, false AS is_stored
    FROM figures AS g
    UNION ALL
    SELECT
        k.profile_id, 0, NULL, 0, 0, 0, NULL, 0, '{}'::text[] COLLATE "C",
        '{}'::text[] COLLATE "C", true
    FROM crm_profilefacts AS k
    WHERE k.tenant_id = %(tenant_id)s
      AND (%(ids)s::bigint[] IS NULL OR k.profile_id = ANY(%(ids)s::bigint[]))
),
changed AS (
    SELECT
        s.profile_id, max(s.open_ticket_count) AS open_ticket_count,
        max(s.last_ticket_at) AS last_ticket_at, max(s.open_return_count) AS open_return_count,
        max(s.late_shipment_count) AS late_shipment_count, max(s.review_count) AS review_count,
        max(s.last_rating) AS last_rating, max(s.unhappy_review_count) AS unhappy_review_count,
        max(s.payment_methods) AS payment_methods, max(s.order_channels) AS order_channels
    FROM stacked AS s
    GROUP BY s.profile_id
    HAVING bool_or(s.is_stored)
    EXCEPT
    SELECT
        k.profile_id, k.open_ticket_count, k.last_ticket_at, k.open_return_count,
        k.late_shipment_count, k.review_count, k.last_rating, k.unhappy_review_count,
        k.payment_methods COLLATE "C", k.order_channels COLLATE "C"
    FROM crm_profilefacts AS k
    WHERE k.tenant_id = %(tenant_id)s
      AND (%(ids)s::bigint[] IS NULL OR k.profile_id = ANY(%(ids)s::bigint[]))
)
INSERT INTO crm_profilefacts AS f (
    tenant_id, profile_id, open_ticket_count, last_ticket_at, open_return_count,
    late_shipment_count, review_count, last_rating, unhappy_review_count, payment_methods,
    order_channels
)
SELECT
    %(tenant_id)s, c.profile_id, c.open_ticket_count, c.last_ticket_at, c.open_return_count,
    c.late_shipment_count, c.review_count, c.last_rating, c.unhappy_review_count,
    c.payment_methods, c.order_channels
FROM changed AS c
ORDER BY c.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
    open_ticket_count = EXCLUDED.open_ticket_count,
    last_ticket_at = EXCLUDED.last_ticket_at,
    open_return_count = EXCLUDED.open_return_count,
    late_shipment_count = EXCLUDED.late_shipment_count,
    review_count = EXCLUDED.review_count,
    last_rating = EXCLUDED.last_rating,
    unhappy_review_count = EXCLUDED.unhappy_review_count,
    payment_methods = EXCLUDED.payment_methods,
    order_channels = EXCLUDED.order_channels
RETURNING profile_id
