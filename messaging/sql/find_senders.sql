-- messaging/sql/find_senders.sql
-- Who mails can be from: the default sender, each rule with the sender that it names, and the
-- senders that some templates name.
--
-- in:  tenant_id     bigint    added by kernel.sql
--      template_ids  bigint[]
-- out: a row for the default sender, one for each rule, in the order in which rules are tried, and
--      one for each template that names a sender
-- why: asked once for each set of mails, and most tenants have no rule.
SELECT
    s.id, s.name, s.email, s.reply_to, s.postal_address, s.is_default, r.id AS rule_id, r.trait,
    r.key, r.wanted, r.position, NULL::bigint AS template_id
FROM messaging_sender AS s
LEFT JOIN messaging_senderrule AS r
    ON r.tenant_id = %(tenant_id)s AND r.tenant_id = s.tenant_id AND r.sender_id = s.id
WHERE s.tenant_id = %(tenant_id)s
  AND (s.is_default OR r.id IS NOT NULL)
UNION ALL
SELECT
    s.id, s.name, s.email, s.reply_to, s.postal_address, false, NULL, NULL, NULL, NULL, NULL, t.id
FROM messaging_template AS t
JOIN messaging_sender AS s
    ON s.tenant_id = %(tenant_id)s
    AND s.tenant_id = t.tenant_id
    AND s.id = CASE
        WHEN jsonb_typeof(t.content -> 'sender') = 'number' THEN (t.content -> 'sender')::bigint
    END
WHERE t.tenant_id = %(tenant_id)s
  AND t.id = ANY(%(template_ids)s::bigint[])
ORDER BY position, rule_id
