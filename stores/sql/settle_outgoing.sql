-- Write what became of deliveries that one worker posted.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      claim_id   uuid    of the worker's batch; rows that others took since are left alone
--      ids, statuses, answers, dues, delivered, entries
--                         arrays of one length; answers are HTTP statuses, entries JSON of one try
-- out: row count
UPDATE stores_webhookdelivery AS d
SET status = done.status,
    tries = d.tries + 1,
    last_status = done.answer,
    due_at = coalesce(done.due_at, d.due_at),
    delivered_at = coalesce(done.delivered_at, d.delivered_at),
    claim_id = NULL,
    log = d.log || done.entry::jsonb
FROM unnest(
    %(ids)s::bigint[], %(statuses)s::text[], %(answers)s::int[], %(dues)s::timestamptz[],
    %(delivered)s::timestamptz[], %(entries)s::text[]
) AS done (id, status, answer, due_at, delivered_at, entry)
WHERE d.tenant_id = %(tenant_id)s
  AND d.id = done.id
  AND d.claim_id = %(claim_id)s
