-- flows/sql/list_silent.sql
-- Say who got a campaign and has shown no sign of it since, in the order of their ids.
--
-- in:  tenant_id, campaign_id
--      again_id      bigint    the campaign by which it is sent again, whose messages do not count
--      profile_ids   bigint[]  whom to ask about; NULL: everybody
--      with_hidden   boolean   also those of whom Apple's Mail Privacy Protection hides it
--      after         bigint    the last profile that was seen
--      batch         integer   the most rows
-- out: profile_id, is_hidden
-- why: silent is who got a message of it and neither opened nor clicked, unsubscribed, complained
--      nor ordered since. Of somebody who was merged every message counts. Where Apple loads the
--      pictures of each mail, nobody knows who read it. Who got it again already, by a campaign
--      that was cancelled on its way, gets no third one.
WITH person AS (
    SELECT
        m.profile_id,
        min(m.sent_at) FILTER (WHERE m.status = 'sent') AS sent_at,
        bool_or(
            m.opened_at IS NOT NULL
            OR m.clicked_at IS NOT NULL
            OR m.bounced_at IS NOT NULL
            OR m.complained_at IS NOT NULL
        ) AS has_moved
    FROM messaging_message AS m
    WHERE m.tenant_id = %(tenant_id)s
      AND m.campaign_id = %(campaign_id)s
      AND m.profile_id > %(after)s
      AND (
          %(profile_ids)s::bigint[] IS NULL
          OR m.profile_id = ANY(%(profile_ids)s::bigint[])
      )
    GROUP BY m.profile_id
),

silent AS (
    SELECT
        p.profile_id,
        EXISTS (
            SELECT 1
            FROM messaging_message AS m
            JOIN messaging_touch AS t
              ON t.tenant_id = %(tenant_id)s
             AND t.message_id = m.id
             AND t.kind = 'opened'
             AND t.is_mpp
            WHERE m.tenant_id = %(tenant_id)s
              AND m.campaign_id = %(campaign_id)s
              AND m.profile_id = p.profile_id
        ) AS is_hidden
    FROM person AS p
    WHERE p.sent_at IS NOT NULL
      AND NOT p.has_moved
      AND NOT EXISTS (
          SELECT 1
          FROM messaging_touch AS t
          WHERE t.tenant_id = %(tenant_id)s
            AND t.profile_id = p.profile_id
            AND t.kind = 'unsubscribed'
            AND t.at >= p.sent_at
      )
      AND NOT EXISTS (
          SELECT 1
          FROM crm_order AS o
          WHERE o.tenant_id = %(tenant_id)s
            AND o.profile_id = p.profile_id
            AND o.is_counted
            AND o.ordered_at >= p.sent_at
      )
      AND NOT EXISTS (
          SELECT 1
          FROM flows_campaign AS c
          JOIN messaging_message AS m
            ON m.tenant_id = %(tenant_id)s
           AND m.campaign_id = c.id
           AND m.profile_id = p.profile_id
           AND m.status IN ('sending', 'sent', 'unknown')
          WHERE c.tenant_id = %(tenant_id)s
            AND c.resend_of_id = %(campaign_id)s
            AND c.id <> %(again_id)s
      )
)

SELECT s.profile_id, s.is_hidden
FROM silent AS s
WHERE %(with_hidden)s OR NOT s.is_hidden
ORDER BY s.profile_id
LIMIT %(batch)s
