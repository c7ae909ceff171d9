-- messaging/sql/keep_codes.sql
-- Note of codes that people have already which message carries them now, or that they have ended.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      now        timestamptz
--      ids, profiles, messages, expiries, statuses  arrays of one length
-- out: id, code; one that is not there was given back, ended or redeemed meanwhile
-- why: they were read without a lock. A worker that gives one back in between, so that it has
--      another person now, wins: whoever wanted it here asks again.
UPDATE messaging_couponcode AS c
SET status = k.status,
    message_id = k.message_id,
    expires_at = k.expires_at,
    sent_at = CASE WHEN k.status = 'sent' THEN coalesce(c.sent_at, %(now)s) ELSE c.sent_at END
FROM unnest(
    %(ids)s::bigint[], %(profiles)s::bigint[], %(messages)s::bigint[],
    %(expiries)s::timestamptz[], %(statuses)s::text[]
) AS k (id, profile_id, message_id, expires_at, status)
WHERE c.tenant_id = %(tenant_id)s
  AND c.id = k.id
  AND c.profile_id = k.profile_id
  AND c.status IN ('claimed', 'sent')
RETURNING c.id, c.code
