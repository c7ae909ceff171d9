-- Purpose: note that handlers still have to see these events.
-- In: columns of the events as arrays of equal length; now.
-- Out: nothing.
INSERT INTO crm_reaction (
    tenant_id, event_id, event_name, occurred_at, profile_id, object_id, is_backfill, stage,
    created_at
)
SELECT
    %(tenant_id)s, n.id, n.name, n.occurred_at, n.profile_id, n.object_id, n.is_backfill, 0,
    %(now)s
FROM unnest(
    %(id)s::bigint[], %(name)s::text[], %(occurred_at)s::timestamptz[], %(profile_id)s::bigint[],
    %(object_id)s::bigint[], %(is_backfill)s::boolean[]
) AS n (id, name, occurred_at, profile_id, object_id, is_backfill)
ON CONFLICT DO NOTHING
