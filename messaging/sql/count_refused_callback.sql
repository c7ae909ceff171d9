-- Count a request that the callback edge turned away, in one row a day and reason.
--
-- in:  tenant_id, account_id       bigint
--      dedupe_key, detail          text
--      now                         timestamptz
--
-- Sent by the callback edge like accept_callbacks, so it ends without a semicolon.
INSERT INTO messaging_providercallback AS c
    (tenant_id, account_id, dedupe_key, kind, body, status, detail, tries, received_at, due_at)
VALUES (
    %(tenant_id)s, %(account_id)s, %(dedupe_key)s, 'refused', '{}', 'ignored', %(detail)s, 1,
    %(now)s::timestamptz, %(now)s::timestamptz
)
ON CONFLICT (tenant_id, account_id, dedupe_key) DO UPDATE
SET tries = LEAST(c.tries + 1, 32767),
    received_at = excluded.received_at
