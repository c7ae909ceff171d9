-- Purpose: take carts that lay for an hour, and mark them abandoned.
-- In: now, count. Out: what the event about each tells.
UPDATE crm_cart AS c
SET status = 'abandoned', abandoned_at = COALESCE(c.abandoned_at, c.idle_at), updated_at = %(now)s
FROM (
    SELECT w.id
    FROM crm_cart AS w
    WHERE w.tenant_id = %(tenant_id)s AND w.status = 'open' AND w.idle_at <= %(now)s
    ORDER BY w.idle_at
    LIMIT %(count)s
    FOR NO KEY UPDATE SKIP LOCKED
) AS due
WHERE c.tenant_id = %(tenant_id)s AND c.id = due.id
RETURNING
    c.id, c.profile_id, c.store_id, c.changed_at, c.idle_at, c.checkout_at, c.currency,
    c.total_minor, c.piece_count, c.items::text AS items, c.url, c.is_backfill
