-- File documents of an import that cannot be applied, so that people see why and can retry.
--
-- in:  tenant_id, store_id  bigint
--      topic, file, source  text
--      ids                  text[]   delivery ids, no two equal
--      bodies               text[]   JSON
--      reasons              text[]
--      now                  timestamptz
--
-- A second import of the same file finds its documents here and writes nothing new.
INSERT INTO stores_inboxdelivery (
    tenant_id, store_id, delivery_id, topic, source, headers, body, status, reason,
    received_at, processed_at
)
SELECT
    %(tenant_id)s,
    %(store_id)s,
    v.delivery_id,
    %(topic)s,
    %(source)s,
    jsonb_build_object('file', %(file)s::text),
    convert_to(v.body, 'UTF8'),
    'quarantined',
    v.reason,
    %(now)s,
    %(now)s
FROM unnest(%(ids)s::text[], %(bodies)s::text[], %(reasons)s::text[])
    AS v (delivery_id, body, reason)
ON CONFLICT (tenant_id, store_id, delivery_id) DO UPDATE
SET body = excluded.body,
    headers = excluded.headers,
    status = excluded.status,
    reason = excluded.reason,
    processed_at = excluded.processed_at
WHERE (stores_inboxdelivery.body, stores_inboxdelivery.status, stores_inboxdelivery.reason)
    IS DISTINCT FROM (excluded.body, excluded.status, excluded.reason)
