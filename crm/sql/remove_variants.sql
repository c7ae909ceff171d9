-- Purpose: remove variants that nothing names, with their history.
-- In: ids. Out: product_id of each, maybe repeated.
WITH history AS (
    DELETE FROM crm_variantchange AS c
    WHERE c.tenant_id = %(tenant_id)s AND c.variant_id = ANY(%(ids)s::bigint[])
)
DELETE FROM crm_variant AS v
WHERE v.tenant_id = %(tenant_id)s AND v.id = ANY(%(ids)s::bigint[])
RETURNING v.product_id
