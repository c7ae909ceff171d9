-- messaging/sql/record_outcomes.sql
-- Write what became of messages that one worker handed over.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      claim_id   uuid         of the worker's batch
--      now        timestamptz
--      account_id bigint       over which they were handed over; NULL: the installation's own
--      ids, statuses, reasons, details, tries, dues, resends,
--      provider_ids
--                 arrays of one length; tries is added to the attempts, dues is NULL where the
--                 message is not tried again
-- out: id and profile_id of the rows written, and tags of their template
-- why: only the worker that holds the claim may write. One that was slow and whose rows were
--      settled as unknown meanwhile still knows better; one whose rows were claimed again does not.
--      Ids are named twice: see list_due_messages.
--      Mails of which something is known now are noted for the sums of deliverability.
WITH written AS (
    UPDATE messaging_message AS m
    SET status = done.status,
        reason = done.reason,
        detail = done.detail,
        attempts = m.attempts + done.tries,
        is_resend = m.is_resend OR done.is_resend,
        due_at = coalesce(done.due_at, m.due_at),
        sent_at = CASE WHEN done.status = 'sent' THEN %(now)s ELSE m.sent_at END,
        account_id = %(account_id)s,
        provider_id = coalesce(nullif(done.provider_id, ''), m.provider_id)
    FROM unnest(
        %(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(details)s::text[],
        %(tries)s::smallint[], %(dues)s::timestamptz[], %(resends)s::boolean[], %(provider_ids)s::text[]
    ) AS done (id, status, reason, detail, tries, due_at, is_resend, provider_id)
    WHERE m.tenant_id = %(tenant_id)s
      AND m.id = done.id
      AND m.id = ANY(%(ids)s::bigint[])
      AND m.claim_id = %(claim_id)s
      AND m.status IN ('sending', 'unknown')
    RETURNING m.id, m.profile_id, m.template_id, m.channel, m.status
),
noted AS (
    INSERT INTO messaging_deliverychange (tenant_id, message_ids)
    SELECT %(tenant_id)s, array_agg(w.id)
    FROM written AS w
    WHERE w.channel = 'email' AND w.status IN ('sent', 'failed')
    HAVING count(*) > 0
    ON CONFLICT DO NOTHING
)
SELECT w.id, w.profile_id, t.tags
FROM written AS w
JOIN messaging_template AS t ON t.tenant_id = %(tenant_id)s AND t.id = w.template_id
