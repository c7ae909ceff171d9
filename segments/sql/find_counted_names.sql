-- Purpose: which of some names of events a definition that is evaluated may count.
-- In: names. Out: name.
-- Why: asked for each batch of history; reading and parsing every definition for it costs more than
--   the events. A name that a definition says of anything else is among them, which costs a reaction
--   that finds nothing to do.
SELECT n.name
FROM unnest(%(names)s::text[]) AS n (name)
WHERE EXISTS (
    SELECT 1
    FROM segments_segment AS s
    WHERE s.tenant_id = %(tenant_id)s
      AND s.archived_at IS NULL
      AND jsonb_path_exists(
          s.definition, '$.** ? (@ == $name)', jsonb_build_object('name', n.name)
      )
)
