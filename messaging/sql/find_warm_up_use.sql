-- messaging/sql/find_warm_up_use.sql
-- How many mails of some plans of a warm-up have left on a day.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      plans      bigint[]
--      day        date
-- out: plan_id, mailbox, used
SELECT d.plan_id, d.mailbox, d.used
FROM messaging_warmupday AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.plan_id = ANY(%(plans)s::bigint[])
  AND d.day = %(day)s
