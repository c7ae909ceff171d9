-- messaging/sql/claim_ready.sql
-- Take messages that are ready to be handed over, for one worker.
--
-- in:  tenant_id    bigint       added by kernel.sql
--      claim_id     uuid         of this worker's set
--      now          timestamptz
--      prepared_at  timestamptz  when the gates were asked
--      lease_until  timestamptz  after it the outcome counts as unknown
--      account_id   bigint       over which they are to leave; NULL: the installation's own server
--      gates        text[]       trails of gates as JSON, each once
--      ids, profiles, consents, details, trails, addresses, subjects, message_ids, parts
--                   arrays of one length; profiles and consents: who it goes to, and what they had
--                   said on its channel when the gates were asked; empty where it does not matter;
--                   trails: which of the gates, from 1
-- out: ids of the rows taken
-- why: a message that is no longer pending, that was handed over and put back, or that waits for a
--      later time, was taken, cancelled or
--      put off since it was looked at: it is left out. So is what goes to somebody who said
--      something else since, was erased or merged, and marketing to somebody who is getting another one or got one,
--      and what was paused or cancelled since, by itself or with its account.
--      A Message-ID once given stays for ever. Rows that
--      another worker holds are passed over. Ids are named twice: see list_due_messages.
WITH said AS MATERIALIZED (
    SELECT n.place, n.gates::jsonb AS gates
    FROM unnest(%(gates)s::text[]) WITH ORDINALITY AS n (gates, place)
),
busy AS MATERIALIZED (
    SELECT other.profile_id, other.id
    FROM messaging_message AS other
    WHERE other.tenant_id = %(tenant_id)s
      AND other.profile_id = ANY(ARRAY(
          SELECT own.profile_id
          FROM messaging_message AS own
          WHERE own.tenant_id = %(tenant_id)s AND own.id = ANY(%(ids)s::bigint[])
      ))
      AND other.message_class IN ('promotional', 'behavioural')
      AND (other.status = 'sending' OR other.claimed_at > %(prepared_at)s)
),
ready AS (
    SELECT m.tenant_id, m.id, told.detail, said.gates, told.address, told.subject,
        told.message_id, told.parts
    FROM messaging_message AS m
    JOIN unnest(
        %(ids)s::bigint[], %(profiles)s::bigint[], %(consents)s::text[], %(details)s::text[],
        %(trails)s::int[], %(addresses)s::text[], %(subjects)s::text[], %(message_ids)s::text[],
        %(parts)s::smallint[]
    ) AS told (id, profile_id, consent, detail, trail, address, subject, message_id, parts)
      ON told.id = m.id
    JOIN said ON said.place = told.trail
    JOIN crm_profile AS p
      ON p.tenant_id = %(tenant_id)s
     AND p.tenant_id = m.tenant_id
     AND p.id = told.profile_id
     AND p.id = ANY(%(profiles)s::bigint[])
     AND p.erased_at IS NULL
     AND p.merged_into_id IS NULL
    WHERE m.tenant_id = %(tenant_id)s
      AND m.id = ANY(%(ids)s::bigint[])
      AND (
          told.consent = ''
          OR told.consent = CASE m.channel
              WHEN 'email' THEN p.email_consent
              WHEN 'sms' THEN p.sms_consent
              WHEN 'whatsapp' THEN p.whatsapp_consent
              ELSE p.push_consent
          END
      )
      AND m.status = 'pending'
      AND m.due_at <= %(now)s
      AND (m.claimed_at IS NULL OR m.claimed_at <= %(prepared_at)s)
      AND NOT EXISTS (
          SELECT 1
          FROM messaging_channelaccount AS a
          WHERE a.tenant_id = %(tenant_id)s
            AND a.id = %(account_id)s
            AND a.is_paused
            AND (a.paused_until IS NULL OR a.paused_until > %(now)s)
      )
      AND NOT EXISTS (
          SELECT 1
          FROM messaging_sendingstop AS s
          WHERE s.tenant_id = %(tenant_id)s
            AND s.tenant_id = m.tenant_id
            AND s.is_open
            AND (s.kind = 'pause' OR m.created_at <= s.created_at)
            AND CASE s.scope
                WHEN 'everything' THEN true
                WHEN 'marketing' THEN m.message_class IN ('promotional', 'behavioural')
                WHEN 'promotions' THEN m.message_class = 'promotional'
                WHEN 'flow' THEN s.target = m.flow_id::text
                WHEN 'template' THEN s.target = m.template_id::text
                WHEN 'campaign' THEN s.target = m.campaign_id::text
                WHEN 'channel' THEN s.target = m.channel
            END
      )
      AND (
          m.message_class NOT IN ('promotional', 'behavioural')
          OR NOT EXISTS (
              SELECT 1 FROM busy AS b WHERE b.profile_id = m.profile_id AND b.id <> m.id
          )
      )
    ORDER BY m.id
    FOR NO KEY UPDATE OF m SKIP LOCKED
)
UPDATE messaging_message AS m
SET status = 'sending',
    reason = '',
    detail = ready.detail,
    gates = ready.gates,
    address = ready.address,
    subject = ready.subject,
    parts = ready.parts,
    message_id = CASE WHEN m.message_id = '' THEN ready.message_id ELSE m.message_id END,
    claim_id = %(claim_id)s,
    claimed_at = %(now)s,
    due_at = %(lease_until)s
FROM ready
WHERE m.tenant_id = %(tenant_id)s
  AND m.tenant_id = ready.tenant_id
  AND m.id = ready.id
  AND m.id = ANY(%(ids)s::bigint[])
RETURNING m.id
