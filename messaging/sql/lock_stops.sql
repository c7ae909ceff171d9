-- messaging/sql/lock_stops.sql
-- Keep pauses as they are until what they hold was written.
--
-- in:  tenant_id  bigint    added by kernel.sql
--      ids        bigint[]  of pauses
-- out: id of those that are still in force
-- why: whoever resumes waits for this transaction, so that no message is held by a pause that is
--      over: what it let wait is let go after that.
SELECT s.id
FROM messaging_sendingstop AS s
WHERE s.tenant_id = %(tenant_id)s
  AND s.id = ANY(%(ids)s::bigint[])
  AND s.is_open
ORDER BY s.id
FOR SHARE
