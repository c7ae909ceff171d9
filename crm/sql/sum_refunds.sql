-- Purpose: bring along what went back of orders; a refund in another currency at the order's rate.
-- In: ids (of orders). Out: nothing.
UPDATE crm_order AS o
SET refunded_minor = n.refunded_minor
FROM (
    SELECT
        b.id,
        COALESCE(sum(CASE
            WHEN r.currency = b.currency THEN r.amount_minor::numeric
            WHEN COALESCE(b.base_gross_minor, 0) = 0 THEN 0
            ELSE div(COALESCE(r.base_amount_minor, 0)::numeric * b.gross_minor, b.base_gross_minor)
        END), 0)::bigint AS refunded_minor
    FROM crm_order AS b
    LEFT JOIN crm_refund AS r ON r.tenant_id = %(tenant_id)s AND r.order_id = b.id
    WHERE b.tenant_id = %(tenant_id)s AND b.id = ANY(%(ids)s::bigint[])
    GROUP BY b.id, b.currency, b.gross_minor, b.base_gross_minor
) AS n
WHERE o.tenant_id = %(tenant_id)s
  AND o.id = n.id
  AND o.id = ANY(%(ids)s::bigint[])
  AND o.refunded_minor <> n.refunded_minor
