-- Purpose: what is open and what was said of each profile, and how and where it buys.
-- In: ids (NULL means all profiles).
-- Out: profile_id and the figures as `crm_profilefacts` keeps them; only profiles with anything.
-- Why: the documents are stacked and grouped, as in `documents_of_profiles`. `refresh_care` keeps
--   the figures and `check_care` looks whether they were kept.
SELECT
    d.profile_id,
    count(*) FILTER (WHERE d.what = 'ticket' AND d.is_open)::integer AS open_ticket_count,
    max(d.at) FILTER (WHERE d.what = 'ticket') AS last_ticket_at,
    count(*) FILTER (WHERE d.what = 'return' AND d.is_open)::integer AS open_return_count,
    count(*) FILTER (WHERE d.what = 'parcel')::integer AS late_shipment_count,
    count(*) FILTER (WHERE d.what = 'review')::integer AS review_count,
    (array_agg(d.rating ORDER BY d.at DESC, d.id DESC) FILTER (WHERE d.what = 'review'))[1]
        AS last_rating,
    count(*) FILTER (WHERE d.what = 'review' AND d.is_open)::integer AS unhappy_review_count,
    COALESCE(array_agg(DISTINCT d.method ORDER BY d.method) FILTER (WHERE d.method <> ''), '{}')
        AS payment_methods,
    COALESCE(array_agg(DISTINCT d.channel ORDER BY d.channel) FILTER (WHERE d.channel <> ''), '{}')
        AS order_channels
FROM (
    SELECT
        t.profile_id, 'ticket' AS what, t.id, t.opened_at AS at, t.status <> 'resolved' AS is_open,
        NULL::smallint AS rating, '' COLLATE "C" AS method, '' COLLATE "C" AS channel
    FROM crm_ticket AS t
    WHERE t.tenant_id = %(tenant_id)s
      AND t.profile_id IS NOT NULL
      AND (%(ids)s::bigint[] IS NULL OR t.profile_id = ANY(%(ids)s::bigint[]))
    UNION ALL
    SELECT
        r.profile_id, 'return', r.id, r.requested_at,
        r.status IN ('requested', 'approved', 'received'), NULL, '', ''
    FROM crm_return AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND r.profile_id IS NOT NULL
      AND (%(ids)s::bigint[] IS NULL OR r.profile_id = ANY(%(ids)s::bigint[]))
    UNION ALL
    SELECT
        v.profile_id, 'review', v.id, v.reviewed_at, v.rating <= 2 AND v.answered_at IS NULL,
        v.rating, '', ''
    FROM crm_review AS v
    WHERE v.tenant_id = %(tenant_id)s
      AND v.profile_id IS NOT NULL
      AND (%(ids)s::bigint[] IS NULL OR v.profile_id = ANY(%(ids)s::bigint[]))
    UNION ALL
    SELECT o.profile_id, 'parcel', s.id, s.delayed_at, true, NULL, '', ''
    FROM crm_shipment AS s
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = s.order_id
    WHERE s.tenant_id = %(tenant_id)s
      AND s.delayed_at IS NOT NULL
      AND s.delivered_at IS NULL
      AND s.state NOT IN ('cancelled', 'returned')
      AND NOT o.is_test
      AND o.profile_id IS NOT NULL
      AND (%(ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(ids)s::bigint[]))
    UNION ALL
    SELECT DISTINCT
        o.profile_id, 'order', NULL::bigint, NULL::timestamptz, false, NULL::smallint,
        o.payment_method COLLATE "C", o.channel COLLATE "C"
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND (%(ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(ids)s::bigint[]))
) AS d
GROUP BY d.profile_id
