-- messaging/sql/count_warm_up.sql
-- Count the mails that leave today for the plans of a warm-up; counts below zero take them back.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      plans, days, mailboxes, counts
--                 arrays of one length
-- out: row count
-- why: the caller has locked the plans, so that no two workers take the same room.
INSERT INTO messaging_warmupday (tenant_id, plan_id, day, mailbox, used)
SELECT %(tenant_id)s, told.plan_id, told.day, told.mailbox, told.used
FROM unnest(
    %(plans)s::bigint[], %(days)s::date[], %(mailboxes)s::text[], %(counts)s::int[]
) AS told (plan_id, day, mailbox, used)
ON CONFLICT (tenant_id, plan_id, day, mailbox)
DO UPDATE SET used = messaging_warmupday.used + excluded.used
