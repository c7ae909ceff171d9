-- flows/sql/tally_campaign.sql
-- Count what became of the messages of a campaign.
--
-- in:  tenant_id, campaign_id
-- out: variant, status, reason, messages, delivered, opened, clicked, bounced, complained
--      opened and clicked are those of people; what scanners and mail programs load does not count
SELECT
    m.node_id AS variant,
    m.status,
    CASE WHEN m.status IN ('sent', 'pending', 'sending') THEN '' ELSE m.reason END AS reason,
    count(*) AS messages,
    count(m.delivered_at) AS delivered,
    count(m.opened_at) AS opened,
    count(m.clicked_at) AS clicked,
    count(m.bounced_at) AS bounced,
    count(m.complained_at) AS complained
FROM messaging_message AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.campaign_id = %(campaign_id)s
GROUP BY 1, 2, 3
