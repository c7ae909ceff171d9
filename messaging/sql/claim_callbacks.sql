-- messaging/sql/claim_callbacks.sql
-- Take callbacks that wait, oldest first.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      now        timestamptz
--      batch      int          the most rows taken
-- out: the rows, each with channel and provider of its account
-- why: rows another worker holds are passed over; the caller's transaction also says what became
--      of them, so a worker that dies leaves them as they were.
SELECT
    c.id, c.account_id, c.kind, c.dedupe_key, c.body, c.tries, c.received_at, a.channel, a.provider
FROM messaging_providercallback AS c
JOIN messaging_channelaccount AS a ON a.tenant_id = %(tenant_id)s AND a.id = c.account_id
WHERE c.tenant_id = %(tenant_id)s
  AND c.status = 'pending'
  AND c.due_at <= %(now)s
ORDER BY c.due_at, c.id
LIMIT %(batch)s
FOR NO KEY UPDATE OF c SKIP LOCKED
