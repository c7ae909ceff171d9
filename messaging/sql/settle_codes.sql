-- messaging/sql/settle_codes.sql
-- Let codes follow what became of their messages: sent, or given back.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      now        timestamptz
-- out: row count
-- why: a message whose outcome is unknown may have arrived, and so may one that was sent again
--      because of that; their codes stay with their people. Only what certainly did not arrive
--      gives its code back. Both rows are locked, so that a message which somebody has sent once
--      more meanwhile is seen as it is now, and its code stays in it.
UPDATE messaging_couponcode AS c
SET status = CASE WHEN m.may_have_arrived THEN 'sent' ELSE 'released' END,
    sent_at = CASE WHEN m.may_have_arrived THEN coalesce(m.sent_at, %(now)s) END,
    profile_id = CASE WHEN m.may_have_arrived THEN c.profile_id END,
    holder = CASE WHEN m.may_have_arrived THEN c.holder ELSE '' END,
    message_id = CASE WHEN m.may_have_arrived THEN c.message_id END,
    claimed_at = CASE WHEN m.may_have_arrived THEN c.claimed_at END,
    expires_at = CASE WHEN m.may_have_arrived THEN c.expires_at END
FROM (
    SELECT h.id AS code_id, s.sent_at, s.status IN ('sent', 'unknown') OR s.is_resend
        AS may_have_arrived
    FROM messaging_couponcode AS h
    JOIN messaging_message AS s ON s.tenant_id = h.tenant_id AND s.id = h.message_id
    WHERE h.tenant_id = %(tenant_id)s
      AND h.status = 'claimed'
      AND s.tenant_id = %(tenant_id)s
      AND s.status NOT IN ('pending', 'sending')
    ORDER BY h.id
    FOR NO KEY UPDATE OF h SKIP LOCKED
    FOR SHARE OF s SKIP LOCKED
) AS m
WHERE c.tenant_id = %(tenant_id)s
  AND c.id = m.code_id
