-- Purpose: note that handlers still have to see these events.
-- In: columns of the events as arrays of equal length; now.
-- Out: nothing.
WITH heard AS (
    SELECT n.id, n.name, n.occurred_at, n.profile_id, n.object_id, n.is_backfill
    FROM unnest(
        %(id)s::bigint[], %(name)s::text[], %(occurred_at)s::timestamptz[],
        %(profile_id)s::bigint[], %(object_id)s::bigint[], %(is_backfill)s::boolean[]
    ) AS n (id, name, occurred_at, profile_id, object_id, is_backfill)
)

{crm.note_reactions}
