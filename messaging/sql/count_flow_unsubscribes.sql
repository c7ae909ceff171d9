-- messaging/sql/count_flow_unsubscribes.sql
-- From how many marketing mails of each flow somebody unsubscribed.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      since      timestamptz  of when the mails left
-- out: flow_id, arrived, unsubscribed
-- why: once a day, off the path of pages; marks are what the sums of deliverability are made of.
SELECT m.flow_id, count(*) AS arrived, count(*) FILTER (WHERE k.is_unsubscribed) AS unsubscribed
FROM messaging_deliverymark AS k
JOIN messaging_message AS m
  ON m.tenant_id = %(tenant_id)s
 AND m.tenant_id = k.tenant_id
 AND m.id = k.message_id
 AND m.flow_id IS NOT NULL
WHERE k.tenant_id = %(tenant_id)s
  AND k.at >= %(since)s
  AND k.message_class IN ('promotional', 'behavioural')
  AND NOT (k.is_hard OR k.is_soft OR k.is_blocked)
GROUP BY m.flow_id
