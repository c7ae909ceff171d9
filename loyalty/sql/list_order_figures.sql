-- loyalty/sql/list_order_figures.sql
-- List the orders that earned, with all that a recomputation of their points needs.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
-- out: order_id, is_counted, gross_minor, base_gross_minor, refunded_minor, rate, held
--
-- ``refunded_minor`` is in the order's currency; orders whose profile was erased are left out.
SELECT
    o.id AS order_id, o.is_counted, o.gross_minor, n.rate, h.points::bigint AS held,
    coalesce(o.base_gross_minor, 0) AS base_gross_minor,
    coalesce(f.refunded, 0)::bigint AS refunded_minor
FROM (
    SELECT e.order_id, sum(e.points) AS points
    FROM loyalty_pointsentry AS e
    WHERE e.tenant_id = %(tenant_id)s AND e.order_id IS NOT NULL
    GROUP BY e.order_id
) AS h
JOIN crm_order AS o
    ON o.tenant_id = %(tenant_id)s AND o.id = h.order_id AND o.profile_id IS NOT NULL
JOIN loyalty_pointsentry AS n
    ON n.tenant_id = %(tenant_id)s AND n.kind = 'earn' AND n.order_id = o.id
LEFT JOIN (
    SELECT r.order_id, sum(greatest(0, CASE
        WHEN r.currency = p.currency THEN r.amount_minor::numeric
        WHEN coalesce(p.base_gross_minor, 0) = 0 THEN 0
        ELSE div(coalesce(r.base_amount_minor, 0)::numeric * p.gross_minor, p.base_gross_minor)
    END)) AS refunded
    FROM crm_refund AS r
    JOIN crm_order AS p ON p.tenant_id = %(tenant_id)s AND p.id = r.order_id
    WHERE r.tenant_id = %(tenant_id)s
    GROUP BY r.order_id
) AS f ON f.order_id = o.id
ORDER BY o.id;
