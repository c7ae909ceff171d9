-- messaging/sql/finish_callbacks.sql
-- Write what became of callbacks that the caller claimed.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      ids, statuses, details, dues
--                 arrays of one length; dues is NULL where it is not looked at again
-- out: row count
-- why: what was applied stands with its message; who it was about is not kept twice. What somebody
--      wrote that nobody takes is not kept at all: they may have been erased.
UPDATE messaging_providercallback AS c
SET status = done.status,
    detail = done.detail,
    tries = c.tries + 1,
    due_at = coalesce(done.due_at, c.due_at),
    body = CASE
        WHEN done.status = 'applied' THEN '{}'::jsonb
        WHEN done.status = 'ignored' AND c.kind = 'inbound' THEN '{}'::jsonb
        ELSE c.body
    END
FROM unnest(
    %(ids)s::bigint[], %(statuses)s::text[], %(details)s::text[], %(dues)s::timestamptz[]
) AS done (id, status, detail, due_at)
WHERE c.tenant_id = %(tenant_id)s
  AND c.id = done.id
