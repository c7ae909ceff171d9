-- Purpose: days whose sums of mails are not the sums of the marks.
-- In: nothing. Out: day, account_id, mailbox, message_class, stored, added (the sums as text).
WITH added AS (
    SELECT
        k.day, k.account_id, k.mailbox, k.message_class,
        ARRAY[
            count(*), sum(k.is_delivered::int), sum(k.is_hard::int), sum(k.is_soft::int),
            sum(k.is_blocked::int), sum(k.is_complained::int), sum(k.is_unsubscribed::int),
            sum(k.is_opened::int), sum(k.is_loaded::int), sum(k.is_clicked::int)
        ]::bigint[] AS sums
    FROM messaging_deliverymark AS k
    WHERE k.tenant_id = %(tenant_id)s
    GROUP BY k.day, k.account_id, k.mailbox, k.message_class
),
stored AS (
    SELECT
        d.day, d.account_id, d.mailbox, d.message_class,
        ARRAY[
            d.sent, d.delivered, d.hard, d.soft, d.blocked, d.complained, d.unsubscribed,
            d.opened, d.loaded, d.clicked
        ]::bigint[] AS sums
    FROM messaging_deliveryday AS d
    WHERE d.tenant_id = %(tenant_id)s
),
compared AS (
    SELECT
        day, account_id, mailbox, message_class,
        COALESCE(s.sums, array_fill(0::bigint, ARRAY[10])) AS stored,
        COALESCE(a.sums, array_fill(0::bigint, ARRAY[10])) AS added
    FROM stored AS s
    FULL JOIN added AS a USING (day, account_id, mailbox, message_class)
)
SELECT
    c.day, c.account_id, c.mailbox, c.message_class, c.stored::text AS stored,
    c.added::text AS added
FROM compared AS c
WHERE c.stored <> c.added
ORDER BY c.day, c.account_id, c.mailbox, c.message_class
