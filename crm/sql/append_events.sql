-- Purpose: append events whose ids are allocated and whose dedupe keys are claimed.
-- In: columns of the events as arrays of equal length; now.
-- Out: nothing.
INSERT INTO crm_event (
    tenant_id, id, name, occurred_at, profile_id, store_id, object_id, source, properties,
    is_backfill, recorded_at
)
SELECT
    %(tenant_id)s, n.id, n.name, n.occurred_at, n.profile_id, n.store_id, n.object_id, n.source,
    n.properties::jsonb, n.is_backfill, %(now)s
FROM unnest(
    %(id)s::bigint[], %(name)s::text[], %(occurred_at)s::timestamptz[], %(profile_id)s::bigint[],
    %(store_id)s::bigint[], %(object_id)s::bigint[], %(source)s::text[], %(properties)s::text[],
    %(is_backfill)s::boolean[]
) AS n (
    id, name, occurred_at, profile_id, store_id, object_id, source, properties, is_backfill
)
ON CONFLICT DO NOTHING
