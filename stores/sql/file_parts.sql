-- File calls of one tracking request that cannot be applied, so that people see why and can retry.
--
-- in:  tenant_id, store_id  bigint
--      topic, source        text     as of the request
--      headers              jsonb
--      received_at          timestamptz  when the request came
--      ids                  text[]   delivery ids, no two equal
--      bodies               text[]   JSON
--      reasons              text[]
--      now                  timestamptz
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
    %(headers)s::jsonb,
    convert_to(v.body, 'UTF8'),
    'quarantined',
    v.reason,
    %(received_at)s,
    %(now)s
FROM unnest(%(ids)s::text[], %(bodies)s::text[], %(reasons)s::text[])
    AS v (delivery_id, body, reason)
ON CONFLICT (tenant_id, store_id, delivery_id) DO NOTHING
