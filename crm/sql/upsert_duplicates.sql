-- Purpose: keep pairs that a search found; what was decided of a pair stays.
-- In: ones, others, reasons (JSON arrays), scores (arrays of equal length; one < other); now.
-- Out: nothing.
INSERT INTO crm_probableduplicate AS d (
    tenant_id, one_id, other_id, reasons, score, found_at, noted_at
)
SELECT
    %(tenant_id)s, n.one, n.other, ARRAY(SELECT jsonb_array_elements_text(n.reasons::jsonb)),
    n.score, %(now)s, %(now)s
FROM unnest(
    %(ones)s::bigint[], %(others)s::bigint[], %(reasons)s::text[], %(scores)s::smallint[]
) AS n (one, other, reasons, score)
ON CONFLICT (tenant_id, one_id, other_id) DO UPDATE
SET reasons = EXCLUDED.reasons, score = EXCLUDED.score, found_at = EXCLUDED.found_at
WHERE d.status = 'open'
