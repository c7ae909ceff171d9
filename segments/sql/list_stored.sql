-- Purpose: what deciding asks of every segment, archived ones too, by id.
-- In: tenant_id.
-- Out: pk, name, key, kind, text (the definition), created_at, refreshed_at, redefined_at,
--      archived_at, stopped_at.
-- Why: every batch of events asks for all of them.
SELECT
    s.id AS pk, s.name, s.key, s.kind, s.definition::text AS text, s.created_at, s.refreshed_at,
    s.redefined_at, s.archived_at, s.stopped_at
FROM segments_segment AS s
WHERE s.tenant_id = %(tenant_id)s
ORDER BY s.id
