-- Purpose: give the tenant its row of upkeep.
-- In: tenant_id.
-- Out: nothing. A repeat changes nothing.
INSERT INTO segments_upkeep (tenant_id, cause)
VALUES (%(tenant_id)s, 'reference')
ON CONFLICT (tenant_id) DO NOTHING
