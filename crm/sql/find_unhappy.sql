-- Purpose: what weighs on some people at this moment, of the kinds that are asked for.
-- In: profile_ids; kinds, of ticket, return, review and parcel.
-- Out: profile_id, kind, title and since of the oldest of each kind; count of all of the kind.
-- Why: asked at the moment of sending, so it reads the documents and not the figures that follow
--   them. What counts as open is what `care_of_profiles` counts.
SELECT
    d.profile_id,
    d.kind,
    min(d.at) AS since,
    (array_agg(d.title ORDER BY d.at, d.id))[1] AS title,
    count(*)::integer AS count
FROM (
    SELECT t.profile_id, 'ticket' AS kind, t.id, t.opened_at AS at, t.subject AS title
    FROM crm_ticket AS t
    WHERE t.tenant_id = %(tenant_id)s
      AND 'ticket' = ANY(%(kinds)s::text[])
      AND t.profile_id = ANY(%(profile_ids)s::bigint[])
      AND t.status IN ('open', 'pending')
    UNION ALL
    SELECT r.profile_id, 'return', r.id, r.requested_at, r.number
    FROM crm_return AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND 'return' = ANY(%(kinds)s::text[])
      AND r.profile_id = ANY(%(profile_ids)s::bigint[])
      AND r.status IN ('requested', 'approved', 'received')
    UNION ALL
    SELECT v.profile_id, 'review', v.id, v.reviewed_at, v.title
    FROM crm_review AS v
    WHERE v.tenant_id = %(tenant_id)s
      AND 'review' = ANY(%(kinds)s::text[])
      AND v.profile_id = ANY(%(profile_ids)s::bigint[])
      AND v.rating <= 2
      AND v.answered_at IS NULL
    UNION ALL
    SELECT o.profile_id, 'parcel', s.id, s.delayed_at, o.number
    FROM crm_shipment AS s
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = s.order_id
    WHERE s.tenant_id = %(tenant_id)s
      AND 'parcel' = ANY(%(kinds)s::text[])
      AND s.delayed_at IS NOT NULL
      AND s.delivered_at IS NULL
      AND s.state NOT IN ('cancelled', 'returned')
      AND NOT o.is_test
      AND o.profile_id = ANY(%(profile_ids)s::bigint[])
) AS d
GROUP BY d.profile_id, d.kind
