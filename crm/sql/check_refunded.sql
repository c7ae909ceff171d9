-- Purpose: find orders whose sum of refunds is not what their refunds sum up to.
-- In: nothing. Out: id, external_id, stored, recomputed.
SELECT o.id, o.external_id, o.refunded_minor AS stored, n.refunded_minor AS recomputed
FROM crm_order AS o
JOIN (
    SELECT
        b.id,
        COALESCE(sum(CASE
            WHEN r.currency = b.currency THEN r.amount_minor::numeric
            WHEN COALESCE(b.base_gross_minor, 0) = 0 THEN 0
            ELSE div(COALESCE(r.base_amount_minor, 0)::numeric * b.gross_minor, b.base_gross_minor)
        END), 0)::bigint AS refunded_minor
    FROM crm_order AS b
    LEFT JOIN crm_refund AS r ON r.tenant_id = %(tenant_id)s AND r.order_id = b.id
    WHERE b.tenant_id = %(tenant_id)s
    GROUP BY b.id, b.currency, b.gross_minor, b.base_gross_minor
) AS n ON n.id = o.id
WHERE o.tenant_id = %(tenant_id)s AND o.refunded_minor <> n.refunded_minor
ORDER BY o.id
