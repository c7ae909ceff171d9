-- Purpose: note pairs of profiles that may be one shopper; a pair that is known stays as it is.
-- In: ones, others, reasons (arrays of equal length; one < other); now. Out: nothing.
INSERT INTO crm_probableduplicate (tenant_id, one_id, other_id, reason, noted_at)
SELECT %(tenant_id)s, n.one, n.other, n.reason, %(now)s
FROM unnest(%(ones)s::bigint[], %(others)s::bigint[], %(reasons)s::text[])
    AS n (one, other, reason)
ON CONFLICT (tenant_id, one_id, other_id) DO NOTHING
