-- Purpose: remove orders with their lines and the visits that led to them.
-- In: ids. Out: product_id of each line, maybe repeated.
-- The keys between the tables are looked at when the transaction commits.
WITH lines AS (
    DELETE FROM crm_orderline AS l
    WHERE l.tenant_id = %(tenant_id)s AND l.order_id = ANY(%(ids)s::bigint[])
    RETURNING l.product_id
),
visits AS (
    DELETE FROM crm_touchpoint AS t
    WHERE t.tenant_id = %(tenant_id)s AND t.order_id = ANY(%(ids)s::bigint[])
),
orders AS (
    DELETE FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.id = ANY(%(ids)s::bigint[])
)
SELECT DISTINCT l.product_id
FROM lines AS l
WHERE l.product_id IS NOT NULL
