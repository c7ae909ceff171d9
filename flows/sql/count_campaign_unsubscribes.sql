-- flows/sql/count_campaign_unsubscribes.sql
-- Count the mails of a campaign by which somebody unsubscribed, by variant.
--
-- in:  tenant_id, campaign_id
-- out: variant, people
-- why: the marks of deliverability know it, of mails alone; they follow within minutes.
SELECT m.node_id AS variant, count(*) AS people
FROM messaging_message AS m
JOIN messaging_deliverymark AS k
  ON k.tenant_id = %(tenant_id)s
 AND k.tenant_id = m.tenant_id
 AND k.message_id = m.id
 AND k.is_unsubscribed
WHERE m.tenant_id = %(tenant_id)s
  AND m.campaign_id = %(campaign_id)s
GROUP BY m.node_id
