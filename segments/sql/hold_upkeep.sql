-- Purpose: the tenant's row of upkeep, locked until the transaction ends.
-- In: tenant_id.
-- Out: all columns, in the order of the model; no row before anything was ever counted.
-- Why: every batch of events begins with it.
SELECT
    u.id, u.tenant_id, u.changed_count, u.due_at, u.cause, u.audited_at, u.audited_count
FROM segments_upkeep AS u
WHERE u.tenant_id = %(tenant_id)s
FOR NO KEY UPDATE
