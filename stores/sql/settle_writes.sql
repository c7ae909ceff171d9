-- Say what became of wishes. One that was wished anew meanwhile goes on waiting, and keeps the memo.
--
-- in:  tenant_id  bigint
--      ids        bigint[]
--      versions   int[]
--      states     text[]
--      reasons    text[]
--      memos      text[]         JSON; NULL leaves it as it is
--      attempts   smallint[]
--      dues       timestamptz[]
--      writings   bool[]         whether something was written
--      now        timestamptz
UPDATE stores_storewrite AS w
SET memo = coalesce(n.memo::jsonb, w.memo),
    sent_at = CASE WHEN n.was_written THEN %(now)s ELSE w.sent_at END,
    state = CASE WHEN w.version = n.version THEN n.state ELSE w.state END,
    reason = CASE WHEN w.version = n.version THEN n.reason ELSE w.reason END,
    attempts = CASE WHEN w.version = n.version THEN n.attempts ELSE w.attempts END,
    due_at = CASE WHEN w.version = n.version THEN n.due_at ELSE w.due_at END
FROM unnest(
    %(ids)s::bigint[], %(versions)s::int[], %(states)s::text[], %(reasons)s::text[],
    %(memos)s::text[], %(attempts)s::smallint[], %(dues)s::timestamptz[], %(writings)s::bool[]
) AS n (id, version, state, reason, memo, attempts, due_at, was_written)
WHERE w.tenant_id = %(tenant_id)s AND w.id = n.id
