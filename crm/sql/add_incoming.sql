-- Purpose: add what came in to its conversations, each once, and open them again.
-- In: channels, accounts, addresses, own_addresses, texts, media (JSON lists), times, provider_ids
--   mails (JSON objects or NULL) (arrays of equal length); snippet: letters of the newest text that the list shows.
-- Out: id, conversation_id, profile_id, channel, text, at of the messages that are new.
WITH said AS (
    SELECT n.*
    FROM unnest(
        %(channels)s::text[], %(accounts)s::bigint[], %(addresses)s::text[],
        %(own_addresses)s::text[], %(texts)s::text[], %(media)s::text[], %(times)s::timestamptz[],
        %(provider_ids)s::text[], %(mails)s::text[]
    ) AS n (channel, account_id, address, own_address, text, media, at, provider_id, mail)
),
added AS (
    INSERT INTO crm_conversationmessage (
        tenant_id, conversation_id, direction, text, media, at, provider_id, mail
    )
    SELECT
        %(tenant_id)s, c.id, 'in', s.text, ARRAY(SELECT jsonb_array_elements_text(s.media::jsonb)),
        s.at, s.provider_id, s.mail::jsonb
    FROM said AS s
    JOIN crm_conversation AS c
        ON c.tenant_id = %(tenant_id)s
        AND c.channel = s.channel
        AND c.account_id = s.account_id
        AND c.address = s.address
    ORDER BY s.at, s.provider_id
    ON CONFLICT (tenant_id, conversation_id, provider_id) WHERE provider_id <> '' DO NOTHING
    RETURNING id, conversation_id, text, at, provider_id
),
newest AS (
    SELECT DISTINCT ON (a.conversation_id)
        a.conversation_id, a.text, a.at, count(*) OVER (PARTITION BY a.conversation_id) AS unread
    FROM added AS a
    ORDER BY a.conversation_id, a.at DESC, a.id DESC
),
opened AS (
    UPDATE crm_conversation AS c
    SET state = 'open',
        unread = c.unread + n.unread,
        last_text = CASE WHEN n.at >= c.last_message_at THEN left(n.text, %(snippet)s)
            ELSE c.last_text END,
        last_message_at = GREATEST(c.last_message_at, n.at),
        last_inbound_at = GREATEST(c.last_inbound_at, n.at),
        own_address = COALESCE((
            SELECT s.own_address
            FROM said AS s
            WHERE s.channel = c.channel AND s.account_id = c.account_id AND s.address = c.address
            ORDER BY s.at DESC
            LIMIT 1
        ), c.own_address)
    FROM newest AS n
    WHERE c.tenant_id = %(tenant_id)s AND c.id = n.conversation_id
    RETURNING c.id, c.profile_id, c.channel
)
SELECT a.id, a.conversation_id, o.profile_id, o.channel, a.text, a.at
FROM added AS a
JOIN opened AS o ON o.id = a.conversation_id
ORDER BY a.at, a.id
