-- Queue what endpoints are told of events; an event that an endpoint was told of is left alone.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      now        timestamptz
--      endpoints, events, profiles, types, messages, bodies
--                         arrays of one length, one element per delivery
-- out: row count = new deliveries
INSERT INTO stores_webhookdelivery (
    tenant_id, endpoint_id, event_id, profile_id, type, message_id, body, log, due_at, created_at
)
SELECT
    %(tenant_id)s, new.endpoint_id, new.event_id, new.profile_id, new.type, new.message_id,
    new.body, '[]', %(now)s, %(now)s
FROM unnest(
    %(endpoints)s::bigint[], %(events)s::bigint[], %(profiles)s::bigint[], %(types)s::text[],
    %(messages)s::text[], %(bodies)s::text[]
) AS new (endpoint_id, event_id, profile_id, type, message_id, body)
ON CONFLICT (tenant_id, endpoint_id, event_id) WHERE event_id > 0 DO NOTHING
