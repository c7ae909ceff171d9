-- Note what a batch of an import did; a thing that it changed before keeps what it was at first.
--
-- in:  tenant_id, source_id     bigint
--      kinds                    text[]
--      object_ids, profile_ids  bigint[]
--      befores, afters          text[]    JSON; before NULL: it was created
--
-- A person whom the import made, something newer changed, and the import then changed again is
-- known by the digest of the first time: it is not what it was, so an undo lets it be.
INSERT INTO imports_importchange AS c (
    tenant_id, source_id, kind, object_id, profile_id, before, after
)
SELECT
    %(tenant_id)s, %(source_id)s, v.kind, v.object_id, v.profile_id, v.before::jsonb,
    v.after::jsonb
FROM unnest(
    %(kinds)s::text[], %(object_ids)s::bigint[], %(profile_ids)s::bigint[], %(befores)s::text[],
    %(afters)s::text[]
) AS v (kind, object_id, profile_id, before, after)
ON CONFLICT (tenant_id, source_id, kind, object_id) DO UPDATE SET
    before = CASE WHEN c.before IS NULL THEN NULL ELSE EXCLUDED.before || c.before END,
    after = CASE
        WHEN c.before IS NULL AND c.after ->> 'digest' IS DISTINCT FROM EXCLUDED.after ->> 'was'
            THEN c.after
        ELSE c.after || EXCLUDED.after
    END
