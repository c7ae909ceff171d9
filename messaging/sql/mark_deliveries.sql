-- Purpose: bring the marks of mails up to date, and the sums by day with them by the difference.
-- In: as deliveries_to_mark.
-- Out: nothing.
-- Why: the cost follows the mails named. Whoever calls it holds the row of DeliveryState: two
--   writers would add the same difference twice.
WITH fresh AS (
    {messaging.deliveries_to_mark}
),
stale AS (
    {messaging.list_delivery_marks}
),
added AS (TABLE fresh EXCEPT TABLE stale),
changes AS (
    SELECT 1 AS sign, a.* FROM added AS a
    UNION ALL
    SELECT -1 AS sign, o.* FROM (TABLE stale EXCEPT TABLE fresh) AS o
),
dropped AS (
    DELETE FROM messaging_deliverymark AS k
    USING changes AS c
    WHERE k.tenant_id = %(tenant_id)s
      AND k.message_id = c.message_id
      AND c.sign = -1
      AND NOT EXISTS (SELECT 1 FROM added AS a WHERE a.message_id = c.message_id)
),
kept AS (
    INSERT INTO messaging_deliverymark (
        tenant_id, message_id, at, day, account_id, mailbox, message_class, is_delivered, is_hard,
        is_soft, is_blocked, is_complained, is_unsubscribed, is_opened, is_loaded, is_clicked
    )
    SELECT %(tenant_id)s, a.* FROM added AS a ORDER BY a.message_id
    ON CONFLICT (tenant_id, message_id) DO UPDATE SET
        at = EXCLUDED.at,
        day = EXCLUDED.day,
        account_id = EXCLUDED.account_id,
        mailbox = EXCLUDED.mailbox,
        message_class = EXCLUDED.message_class,
        is_delivered = EXCLUDED.is_delivered,
        is_hard = EXCLUDED.is_hard,
        is_soft = EXCLUDED.is_soft,
        is_blocked = EXCLUDED.is_blocked,
        is_complained = EXCLUDED.is_complained,
        is_unsubscribed = EXCLUDED.is_unsubscribed,
        is_opened = EXCLUDED.is_opened,
        is_loaded = EXCLUDED.is_loaded,
        is_clicked = EXCLUDED.is_clicked
)
INSERT INTO messaging_deliveryday AS d (
    tenant_id, day, account_id, mailbox, message_class, sent, delivered, hard, soft, blocked,
    complained, unsubscribed, opened, loaded, clicked
)
SELECT
    %(tenant_id)s,
    c.day,
    c.account_id,
    c.mailbox,
    c.message_class,
    sum(c.sign),
    sum(c.sign * c.is_delivered::int),
    sum(c.sign * c.is_hard::int),
    sum(c.sign * c.is_soft::int),
    sum(c.sign * c.is_blocked::int),
    sum(c.sign * c.is_complained::int),
    sum(c.sign * c.is_unsubscribed::int),
    sum(c.sign * c.is_opened::int),
    sum(c.sign * c.is_loaded::int),
    sum(c.sign * c.is_clicked::int)
FROM changes AS c
GROUP BY c.day, c.account_id, c.mailbox, c.message_class
ON CONFLICT (tenant_id, day, account_id, mailbox, message_class) DO UPDATE SET
    sent = d.sent + EXCLUDED.sent,
    delivered = d.delivered + EXCLUDED.delivered,
    hard = d.hard + EXCLUDED.hard,
    soft = d.soft + EXCLUDED.soft,
    blocked = d.blocked + EXCLUDED.blocked,
    complained = d.complained + EXCLUDED.complained,
    unsubscribed = d.unsubscribed + EXCLUDED.unsubscribed,
    opened = d.opened + EXCLUDED.opened,
    loaded = d.loaded + EXCLUDED.loaded,
    clicked = d.clicked + EXCLUDED.clicked
