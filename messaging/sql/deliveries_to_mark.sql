-- Purpose: what each mail that left adds to the sums by day.
-- In: ids (of messages; NULL: all), zone, other (the provider of all other mailboxes),
--   mailboxes and patterns (arrays of one length: what the domains of a provider are like).
-- Out: the columns of DeliveryMark.
-- Why: one statement says what a mark is, for the upkeep and for verify. A refusal in the
--   conversation with a mail server says by its code whether the address is dead (RFC 3463).
--   Of erased people the mark stays: their address and the words of the server are gone.
SELECT
    m.id AS message_id,
    COALESCE(m.sent_at, m.claimed_at) AS at,
    (COALESCE(m.sent_at, m.claimed_at) AT TIME ZONE %(zone)s)::date AS day,
    COALESCE(m.account_id, 0) AS account_id,
    COALESCE(b.name, %(other)s) AS mailbox,
    m.message_class,
    m.status = 'sent' AND m.bounced_at IS NULL AND m.delivered_at IS NOT NULL AS is_delivered,
    f.is_hard,
    f.is_soft,
    (m.status = 'failed' OR m.bounced_at IS NOT NULL) AND NOT f.is_hard AND NOT f.is_soft
        AS is_blocked,
    m.complained_at IS NOT NULL AS is_complained,
    COALESCE(t.is_unsubscribed, false) AS is_unsubscribed,
    m.opened_at IS NOT NULL AS is_opened,
    m.opened_at IS NULL AND COALESCE(t.is_loaded, false) AS is_loaded,
    m.clicked_at IS NOT NULL AS is_clicked
FROM messaging_message AS m
CROSS JOIN LATERAL (
    SELECT
        (m.bounced_at IS NOT NULL AND m.reason = 'bounced_hard')
        OR (
            m.reason = 'rejected'
            AND (
                m.detail ~ '\m5\.(1\.\d|2\.1)\M'
                OR (m.detail ~ '^(550|551|553)\M' AND m.detail !~ '\m5\.\d+\.\d+\M')
            )
        ) AS is_hard,
        (m.bounced_at IS NOT NULL AND m.reason IN ('bounced_soft', 'undelivered'))
        OR m.reason = 'tries_used_up' AS is_soft
) AS f
LEFT JOIN unnest(%(mailboxes)s::text[], %(patterns)s::text[]) AS b (name, pattern)
    ON split_part(lower(m.address), '@', -1) ~ b.pattern
LEFT JOIN (
    SELECT
        h.message_id,
        bool_or(h.kind = 'unsubscribed') AS is_unsubscribed,
        bool_or(h.kind = 'opened' AND (h.is_bot OR h.is_mpp)) AS is_loaded
    FROM messaging_touch AS h
    WHERE h.tenant_id = %(tenant_id)s
      AND (%(ids)s::bigint[] IS NULL OR h.message_id = ANY(%(ids)s::bigint[]))
      AND h.kind IN ('opened', 'unsubscribed')
    GROUP BY h.message_id
) AS t ON t.message_id = m.id
WHERE m.tenant_id = %(tenant_id)s
  AND (%(ids)s::bigint[] IS NULL OR m.id = ANY(%(ids)s::bigint[]))
  AND m.channel = 'email'
  AND (
      m.status = 'sent'
      OR (m.status = 'failed' AND m.reason IN ('rejected', 'tries_used_up'))
  )
  AND COALESCE(m.sent_at, m.claimed_at) IS NOT NULL
  AND NOT m.context ? 'test'
  AND NOT starts_with(m.address, 'redacted.')
UNION ALL
SELECT
    k.message_id, k.at, (k.at AT TIME ZONE %(zone)s)::date, k.account_id, k.mailbox,
    k.message_class, k.is_delivered, k.is_hard, k.is_soft, k.is_blocked, k.is_complained,
    k.is_unsubscribed, k.is_opened, k.is_loaded, k.is_clicked
FROM messaging_deliverymark AS k
JOIN messaging_message AS e
    ON e.tenant_id = %(tenant_id)s AND e.tenant_id = k.tenant_id AND e.id = k.message_id
WHERE k.tenant_id = %(tenant_id)s
  AND (%(ids)s::bigint[] IS NULL OR k.message_id = ANY(%(ids)s::bigint[]))
  AND starts_with(e.address, 'redacted.')
