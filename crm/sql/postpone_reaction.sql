-- Purpose: try a reaction that failed again later, with growing gaps of 1 minute to 1 hour.
-- In: id, now, reason. Out: nothing.
UPDATE crm_reaction AS r
SET failures = LEAST(r.failures + 1, 1000),
    not_before = %(now)s + LEAST(interval '1 hour', interval '1 minute' * 2 ^ LEAST(r.failures, 6)),
    reason = %(reason)s
WHERE r.tenant_id = %(tenant_id)s AND r.id = %(id)s
