-- Purpose: note that handlers still have to see some events.
-- In: heard, a query before this one: id, name, occurred_at, profile_id, object_id, is_backfill; now.
-- Out: nothing.
INSERT INTO crm_reaction (
    tenant_id, event_id, event_name, occurred_at, profile_id, object_id, is_backfill, stage,
    created_at
)
SELECT
    %(tenant_id)s, h.id, h.name, h.occurred_at, h.profile_id, h.object_id, h.is_backfill, 0,
    %(now)s
FROM heard AS h
ON CONFLICT DO NOTHING
