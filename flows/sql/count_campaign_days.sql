-- flows/sql/count_campaign_days.sql
-- Count by day what happened to the messages of a campaign.
--
-- in:  tenant_id, campaign_id
--      zone   text   IANA zone that says what a day is
-- out: kind (sent, opened, clicked), day, messages
SELECT
    h.kind,
    (h.at AT TIME ZONE %(zone)s)::date AS day,
    count(*) AS messages
FROM messaging_message AS m
CROSS JOIN LATERAL (
    VALUES ('sent', m.sent_at), ('opened', m.opened_at), ('clicked', m.clicked_at)
) AS h (kind, at)
WHERE m.tenant_id = %(tenant_id)s
  AND m.campaign_id = %(campaign_id)s
  AND m.status = 'sent'
  AND h.at IS NOT NULL
GROUP BY 1, 2
