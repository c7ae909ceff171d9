-- messaging/sql/find_senders.sql
-- Who mails can be from: the default sender, and each rule with the sender that it names.
--
-- in:  tenant_id  bigint  added by kernel.sql
-- out: a row for the default sender and one for each rule, in the order in which rules are tried
-- why: asked once for each set of mails, and most tenants have no rule.
SELECT
    s.id, s.name, s.email, s.reply_to, s.postal_address, s.is_default, r.id AS rule_id, r.trait,
    r.key, r.wanted
FROM messaging_sender AS s
LEFT JOIN messaging_senderrule AS r
    ON r.tenant_id = %(tenant_id)s AND r.tenant_id = s.tenant_id AND r.sender_id = s.id
WHERE s.tenant_id = %(tenant_id)s
  AND (s.is_default OR r.id IS NOT NULL)
ORDER BY r.position, r.id
