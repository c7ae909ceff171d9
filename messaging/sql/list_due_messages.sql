-- messaging/sql/list_due_messages.sql
-- Say which messages of a channel are to be looked at next; nothing is taken by it.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      channel    text
--      urgent     text[]       classes that go before all others
--      now        timestamptz
--      soon       timestamptz  a little later than now, see below
--      batch      int          the most rows returned
-- out: the rows, what is urgent first, then by the time when they were due
-- why: a set is looked at and written before any of it is claimed (`claim_ready`), so that few
--      messages are in doubt at a time. Of one profile only the oldest marketing message is
--      returned, whatever its channel, and none while another is being sent: so the gates that
--      count see how the one before ended, and no two workers take the last slot of a limit.
--      "soon" keeps two workers whose clocks differ from taking two that become due at the same
--      moment. What waits on a channel that is paused holds up nothing; one that goes on soon does.
--      What is urgent has an index of its own, as thousands of others may wait before it. Nothing
--      is joined: of a tenant that has just begun to grow the planner knows nothing, and reads all
--      of its messages again for each of a set. For the same reason the statements after this one
--      name ids twice, to be found and to be joined.
WITH paused AS (
    {messaging.list_paused_channels}
),
due AS (
    (
        SELECT
            m.id, m.key, m.profile_id, m.channel, m.message_class, m.template_id, m.flow_id,
            m.flow_run_id, m.node_id, m.context, m.planned_at, m.message_id, m.attempts,
            m.is_resend, m.created_at, m.due_at, true AS is_urgent
        FROM messaging_message AS m
        WHERE m.tenant_id = %(tenant_id)s
          AND m.status = 'pending'
          AND m.due_at <= %(now)s
          AND m.channel = %(channel)s
          AND m.message_class = ANY(%(urgent)s)
        ORDER BY m.due_at, m.id
        LIMIT %(batch)s
    )
    UNION ALL
    (
        SELECT
            m.id, m.key, m.profile_id, m.channel, m.message_class, m.template_id, m.flow_id,
            m.flow_run_id, m.node_id, m.context, m.planned_at, m.message_id, m.attempts,
            m.is_resend, m.created_at, m.due_at, false AS is_urgent
        FROM messaging_message AS m
        WHERE m.tenant_id = %(tenant_id)s
          AND m.status = 'pending'
          AND m.due_at <= %(now)s
          AND m.channel = %(channel)s
          AND m.message_class <> ALL(%(urgent)s)
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
    )
)
SELECT
    due.id, due.key, due.profile_id, due.channel, due.message_class, due.template_id, due.flow_id,
    due.flow_run_id, due.node_id, due.context, due.planned_at, due.message_id, due.attempts,
    due.is_resend, due.created_at
FROM due
ORDER BY due.is_urgent DESC, due.due_at, due.id
LIMIT %(batch)s
