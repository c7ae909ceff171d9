-- Purpose: profiles whose memberships time alone may have changed.
-- In: tenant_id; now; count, at most so many.
-- Out: profile_id, the longest due first.
SELECT m.profile_id
FROM segments_membership AS m
WHERE m.tenant_id = %(tenant_id)s AND m.reeval_at <= %(now)s
ORDER BY m.reeval_at
LIMIT %(count)s
