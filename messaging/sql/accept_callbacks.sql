-- File what a provider told in one request; what was told before changes nothing.
--
-- in:  tenant_id, account_id  bigint
--      dedupe_keys, kinds     text[]    arrays of one length
--      bodies                 jsonb[]
--      received_at            timestamptz
--
-- Sent by the callback edge (kernel.postgres.edge), so it ends without a semicolon.
INSERT INTO messaging_providercallback
    (tenant_id, account_id, dedupe_key, kind, body, received_at, due_at)
SELECT
    %(tenant_id)s,
    %(account_id)s,
    told.dedupe_key,
    told.kind,
    told.body,
    %(received_at)s::timestamptz,
    %(received_at)s::timestamptz
FROM unnest(
    %(dedupe_keys)s::text[], %(kinds)s::text[], %(bodies)s::jsonb[]
) AS told (dedupe_key, kind, body)
ON CONFLICT (tenant_id, account_id, dedupe_key) DO NOTHING
