-- Purpose: remove products that nothing names, with their figures.
-- In: ids. Out: nothing.
WITH figures AS (
    DELETE FROM crm_productfigures AS f
    WHERE f.tenant_id = %(tenant_id)s AND f.product_id = ANY(%(ids)s::bigint[])
)
DELETE FROM crm_product AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::bigint[])
