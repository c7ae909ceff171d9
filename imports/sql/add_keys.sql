-- Note which row of a file is the first about something; a key that is known keeps its row.
--
-- in:  tenant_id, source_id  bigint
--      keys                  uuid[]    no two equal
--      places                bigint[]
INSERT INTO imports_importkey (tenant_id, source_id, key, place)
SELECT %(tenant_id)s, %(source_id)s, v.key, v.place
FROM unnest(%(keys)s::uuid[], %(places)s::bigint[]) AS v (key, place)
ON CONFLICT (tenant_id, source_id, key) DO NOTHING
