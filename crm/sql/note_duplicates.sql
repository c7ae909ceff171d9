-- Purpose: note pairs of profiles that may be one shopper by what records claim; what was decided
--   of a pair stays, and a profile that has ten open pairs gets no more.
-- In: ones, others, reasons, scores (arrays of equal length; one < other); now. Out: nothing.
-- Why: an address or device that hundreds share would else fill the list with one profile.
INSERT INTO crm_probableduplicate AS d (tenant_id, one_id, other_id, reason, score, noted_at)
SELECT %(tenant_id)s, n.one, n.other, n.reason, n.score, %(now)s
FROM (
    SELECT
        v.one, v.other, v.reason, v.score,
        row_number() OVER (PARTITION BY v.one ORDER BY v.other) AS place_of_one,
        row_number() OVER (PARTITION BY v.other ORDER BY v.one) AS place_of_other
    FROM unnest(
        %(ones)s::bigint[], %(others)s::bigint[], %(reasons)s::text[], %(scores)s::smallint[]
    ) AS v (one, other, reason, score)
) AS n
WHERE n.place_of_one + (
        SELECT count(*)
        FROM crm_probableduplicate AS k
        WHERE k.tenant_id = %(tenant_id)s AND k.one_id = n.one AND k.status = 'open'
      ) <= 10
  AND n.place_of_other + (
        SELECT count(*)
        FROM crm_probableduplicate AS k
        WHERE k.tenant_id = %(tenant_id)s AND k.other_id = n.other AND k.status = 'open'
      ) <= 10
ON CONFLICT (tenant_id, one_id, other_id) DO UPDATE
SET reason = EXCLUDED.reason, score = GREATEST(d.score, EXCLUDED.score)
WHERE d.status = 'open' AND d.reason = ''
