-- Delete all that tells which rows of an import are about the same.
--
-- in:  tenant_id, source_id  bigint
DELETE FROM imports_importkey AS k
WHERE k.tenant_id = %(tenant_id)s AND k.source_id = %(source_id)s
