-- Purpose: write events that have their ids.
-- In: tenant_id; fresh, a query before this one: id, name, occurred_at, profile_id, store_id, object_id, source,
--     properties, is_backfill; now.
-- Out: nothing.
-- Why: no event has such an id yet, so that no conflict need be looked for.
INSERT INTO crm_event (
    tenant_id, id, name, occurred_at, profile_id, store_id, object_id, source, properties,
    is_backfill, recorded_at
)
SELECT
    %(tenant_id)s, f.id, f.name, f.occurred_at, f.profile_id, f.store_id, f.object_id, f.source,
    f.properties::jsonb, f.is_backfill, %(now)s
FROM fresh AS f
