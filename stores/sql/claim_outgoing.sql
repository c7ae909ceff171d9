-- Take due deliveries of endpoints that may be called, a few of each.
--
-- in:  tenant_id    bigint       added by kernel.sql
--      now          timestamptz
--      claim_id     uuid         of this worker's batch
--      lease_until  timestamptz  until then nobody else takes them
--      per_endpoint int          so many of one endpoint at most, so that a slow one holds up none
-- out: id, endpoint_id, message_id, body, tries
-- why: the row's own due_at is the lease: a worker that dies leaves it to the next one.
WITH due AS (
    SELECT found.tenant_id, found.id
    FROM stores_webhookendpoint AS e
    CROSS JOIN LATERAL (
        SELECT d.tenant_id, d.id
        FROM stores_webhookdelivery AS d
        WHERE d.tenant_id = %(tenant_id)s
          AND d.endpoint_id = e.id
          AND d.status = 'pending'
          AND d.due_at <= %(now)s
        ORDER BY d.due_at, d.id
        LIMIT %(per_endpoint)s
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS found
    WHERE e.tenant_id = %(tenant_id)s
      AND e.is_enabled
      AND (e.held_until IS NULL OR e.held_until <= %(now)s)
)
UPDATE stores_webhookdelivery AS d
SET claim_id = %(claim_id)s,
    due_at = %(lease_until)s
FROM due
WHERE d.tenant_id = %(tenant_id)s
  AND d.tenant_id = due.tenant_id
  AND d.id = due.id
RETURNING d.id, d.endpoint_id, d.message_id, d.body, d.tries
