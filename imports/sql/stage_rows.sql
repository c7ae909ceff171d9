-- Keep a batch of rows of a file.
--
-- in:  tenant_id, source_id     bigint
--      places, firsts           bigint[]
--      cells                    text[]    JSON
--      outcomes, reasons        text[]
INSERT INTO imports_importrow (tenant_id, source_id, place, first, cells, outcome, reason)
SELECT %(tenant_id)s, %(source_id)s, v.place, v.first, v.cells::jsonb, v.outcome, v.reason
FROM unnest(
    %(places)s::bigint[], %(firsts)s::bigint[], %(cells)s::text[],
    %(outcomes)s::text[], %(reasons)s::text[]
) AS v (place, first, cells, outcome, reason)
ON CONFLICT (tenant_id, source_id, place) DO NOTHING
