-- messaging/sql/claim_messages.sql
-- Take due messages for one worker.
--
-- in:  tenant_id    bigint       added by kernel.sql
--      channel      text
--      now          timestamptz
--      soon         timestamptz  a little later than now, see below
--      lease_until  timestamptz  after it the outcome counts as unknown
--      claim_id     uuid         of this worker's batch
--      batch        int          the most rows taken
-- out: the claimed rows
-- why: rows another worker holds are passed over. Of one profile only the oldest marketing message
--      is taken, whatever its channel, and none while another is being sent: so the gates that
--      count see how the one before ended, and no two workers take the last slot of a limit.
--      "soon" keeps two workers whose clocks differ from taking two that become due at the same
--      moment. What waits on a channel that is paused holds up nothing; one that goes on soon does.
WITH paused AS (
    SELECT a.channel
    FROM messaging_channelaccount AS a
    WHERE a.tenant_id = %(tenant_id)s
      AND a.is_default
      AND a.is_paused
      AND (a.paused_until IS NULL OR a.paused_until > %(soon)s)
),
due AS (
    SELECT m.tenant_id, m.id
    FROM messaging_message AS m
    WHERE m.tenant_id = %(tenant_id)s
      AND m.status = 'pending'
      AND m.due_at <= %(now)s
      AND m.channel = %(channel)s
      AND (
          m.message_class NOT IN ('promotional', 'behavioural')
          OR NOT EXISTS (
              SELECT 1
              FROM messaging_message AS other
              WHERE other.tenant_id = %(tenant_id)s
                AND other.tenant_id = m.tenant_id
                AND other.profile_id = m.profile_id
                AND other.message_class IN ('promotional', 'behavioural')
                AND (
                    other.status = 'sending'
                    OR (
                        other.status = 'pending'
                        AND other.id < m.id
                        AND other.due_at <= %(soon)s
                        AND NOT EXISTS (
                            SELECT 1 FROM paused WHERE paused.channel = other.channel
                        )
                    )
                )
          )
      )
    ORDER BY m.due_at, m.id
    LIMIT %(batch)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE messaging_message AS m
SET status = 'sending',
    claim_id = %(claim_id)s,
    claimed_at = %(now)s,
    due_at = %(lease_until)s
FROM due
WHERE m.tenant_id = %(tenant_id)s
  AND m.tenant_id = due.tenant_id
  AND m.id = due.id
RETURNING
    m.id, m.key, m.profile_id, m.channel, m.message_class, m.template_id, m.flow_id,
    m.flow_run_id, m.node_id, m.context, m.planned_at, m.message_id, m.attempts, m.is_resend
