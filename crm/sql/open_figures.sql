-- Purpose: give new products their row of figures.
-- In: ids (of products). Out: nothing.
INSERT INTO crm_productfigures (tenant_id, product_id)
SELECT %(tenant_id)s, n.id
FROM unnest(%(ids)s::bigint[]) AS n (id)
ON CONFLICT (tenant_id, product_id) DO NOTHING
