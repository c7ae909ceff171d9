-- Purpose: give events of nobody to the people to whom their orders were given, with those of the
--   refunds, parcels, returns, reviews and tickets of these orders.
-- In: order_ids, profile_ids (arrays of equal length). Out: nothing.
-- Why: by their keys, so that the cost follows the number of orders; the time finds the partition.
--   What was told again in another version, but for the money of a refund, is not looked for.
WITH given AS MATERIALIZED (
    SELECT o.id AS order_id, n.profile_id, o.cancelled_at
    FROM unnest(%(order_ids)s::bigint[], %(profile_ids)s::bigint[]) AS n (order_id, profile_id)
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = n.order_id
),
told AS (
    SELECT profile_id, 'order_placed:' || order_id AS dedupe_key
    FROM given
    UNION ALL
    SELECT
        profile_id,
        'order_cancelled:' || order_id || ':' || floor(extract(EPOCH FROM cancelled_at))::bigint
    FROM given
    WHERE cancelled_at IS NOT NULL
    UNION ALL
    SELECT g.profile_id, 'order_refunded:' || r.id || again.version
    FROM given AS g
    JOIN crm_refund AS r ON r.tenant_id = %(tenant_id)s AND r.order_id = g.order_id
    CROSS JOIN LATERAL (VALUES (''), (':' || r.source_hash)) AS again (version)
    UNION ALL
    SELECT g.profile_id, word.said || s.id
    FROM given AS g
    JOIN crm_shipment AS s ON s.tenant_id = %(tenant_id)s AND s.order_id = g.order_id
    CROSS JOIN (
        VALUES ('order_fulfilled:'), ('order_delivered:'), ('shipment_delayed:')
    ) AS word (said)
    UNION ALL
    SELECT g.profile_id, word.said || b.id
    FROM given AS g
    JOIN crm_return AS b ON b.tenant_id = %(tenant_id)s AND b.order_id = g.order_id
    CROSS JOIN (VALUES ('return_initiated:'), ('return_completed:')) AS word (said)
    UNION ALL
    SELECT g.profile_id, 'review_submitted:' || v.id
    FROM given AS g
    JOIN crm_review AS v ON v.tenant_id = %(tenant_id)s AND v.order_id = g.order_id
    UNION ALL
    SELECT g.profile_id, 'ticket_opened:' || t.id
    FROM given AS g
    JOIN crm_ticket AS t ON t.tenant_id = %(tenant_id)s AND t.order_id = g.order_id
)
UPDATE crm_event AS e
SET profile_id = n.profile_id
FROM told AS n
JOIN crm_eventkey AS k ON k.tenant_id = %(tenant_id)s AND k.dedupe_key = n.dedupe_key
WHERE e.tenant_id = %(tenant_id)s
  AND e.id = k.event_id
  AND e.occurred_at = k.occurred_at
  AND e.profile_id IS NULL
