-- Purpose: marks of mails, in the columns of deliveries_to_mark. In: ids (NULL: all).
SELECT
    k.message_id, k.at, k.day, k.account_id, k.mailbox, k.message_class, k.is_delivered,
    k.is_hard, k.is_soft, k.is_blocked, k.is_complained, k.is_unsubscribed, k.is_opened,
    k.is_loaded, k.is_clicked
FROM messaging_deliverymark AS k
WHERE k.tenant_id = %(tenant_id)s
  AND (%(ids)s::bigint[] IS NULL OR k.message_id = ANY(%(ids)s::bigint[]))
