-- File one delivery as it came; a repeat of its id changes nothing.
--
-- in:  tenant_id, store_id  bigint
--      delivery_id, topic   text
--      source               text         how it came in
--      headers              jsonb
--      body                 bytea
--      triggered_at         timestamptz or NULL
--      received_at          timestamptz
--
-- Sent by the webhook edge as part of one client-bound string (kernel.postgres.edge), so it ends
-- without a semicolon.
INSERT INTO stores_inboxdelivery
    (tenant_id, store_id, delivery_id, topic, source, headers, body, triggered_at, received_at)
VALUES (
    %(tenant_id)s,
    %(store_id)s,
    %(delivery_id)s,
    %(topic)s,
    %(source)s,
    %(headers)s::jsonb,
    %(body)s,
    %(triggered_at)s::timestamptz,
    %(received_at)s::timestamptz
)
ON CONFLICT (tenant_id, store_id, delivery_id) DO NOTHING
