-- Purpose: give the tenant its row of rollups, in no zone until they are built.
-- In: now. Out: nothing. A repeat changes nothing.
INSERT INTO analytics_rollupstate (tenant_id, zone, built_at)
VALUES (%(tenant_id)s, '', %(now)s)
ON CONFLICT (tenant_id) DO NOTHING
