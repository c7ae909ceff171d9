-- Write why rows were not taken; rows whose outcome is as it was are not written.
--
-- in:  tenant_id, source_id  bigint
--      firsts                bigint[]  the documents
--      outcomes, reasons     text[]
UPDATE imports_importrow AS r
SET outcome = v.outcome, reason = v.reason
FROM unnest(%(firsts)s::bigint[], %(outcomes)s::text[], %(reasons)s::text[])
    AS v (first, outcome, reason)
WHERE r.tenant_id = %(tenant_id)s
  AND r.source_id = %(source_id)s
  AND r.first = v.first
  AND r.outcome <> 'duplicate'
  AND (r.outcome, r.reason) IS DISTINCT FROM (v.outcome, v.reason)
