-- messaging/sql/give_back_codes.sql
-- Give back codes that messages of this batch claimed and cannot carry.
--
-- in:  tenant_id  bigint    added by kernel.sql
--      messages   bigint[]
-- out: row count
-- why: in the transaction that claimed them: the message was never handed over.
UPDATE messaging_couponcode AS c
SET status = 'released',
    profile_id = NULL,
    holder = '',
    message_id = NULL,
    claimed_at = NULL,
    expires_at = NULL
WHERE c.tenant_id = %(tenant_id)s
  AND c.status = 'claimed'
  AND c.message_id = ANY(%(messages)s::bigint[])
