-- messaging/sql/record_told.sql
-- Write what providers told of messages, in whatever order it came.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      ids, provider_ids, account_ids
--                 arrays of one length, one place a message
--      delivereds, opens, clicks, complaints
--                 the earliest time told of each, or NULL
--      arrivals   the latest time at which it had arrived for certain, or NULL
--      failures   the latest time at which it had not, or NULL, with reasons and details
--      puts_off   why it was put off, or empty
--      takens     when it had been taken for certain, where nobody had known that it was; or NULL
-- out: row count
-- why: of an arrival and a failure the later one holds, so that a message that was delivered at
--      last is no bounce, and one that bounced after its delivery is. The caller has locked the
--      rows. What is told settles a message whose outcome was unknown or that was to be sent again.
UPDATE messaging_message AS m
SET delivered_at = LEAST(m.delivered_at, t.delivered),
    opened_at = LEAST(m.opened_at, t.opened),
    clicked_at = LEAST(m.clicked_at, t.clicked),
    complained_at = LEAST(m.complained_at, t.complained),
    bounced_at = CASE
        WHEN s.is_failure THEN GREATEST(m.bounced_at, t.failure)
        WHEN s.is_arrival THEN NULL
        ELSE m.bounced_at
    END,
    reason = CASE
        WHEN s.is_failure THEN t.reason
        WHEN s.is_arrival OR t.taken IS NOT NULL THEN ''
        ELSE m.reason
    END,
    detail = CASE
        WHEN s.is_failure THEN t.detail
        WHEN s.is_arrival OR t.taken IS NOT NULL THEN ''
        WHEN t.put_off <> '' AND m.reason = '' AND m.delivered_at IS NULL THEN t.put_off
        ELSE m.detail
    END,
    status = CASE WHEN t.taken IS NULL THEN m.status ELSE 'sent' END,
    sent_at = CASE
        WHEN t.taken IS NULL THEN m.sent_at
        ELSE coalesce(m.sent_at, m.claimed_at, t.taken)
    END,
    provider_id = coalesce(nullif(m.provider_id, ''), t.provider_id),
    account_id = coalesce(m.account_id, t.account_id)
FROM unnest(
    %(ids)s::bigint[], %(provider_ids)s::text[], %(account_ids)s::bigint[],
    %(delivereds)s::timestamptz[], %(opens)s::timestamptz[], %(clicks)s::timestamptz[],
    %(complaints)s::timestamptz[], %(arrivals)s::timestamptz[], %(failures)s::timestamptz[],
    %(reasons)s::text[], %(details)s::text[], %(puts_off)s::text[], %(takens)s::timestamptz[]
) AS t (
    id, provider_id, account_id, delivered, opened, clicked, complained, arrival, failure, reason,
    detail, put_off, taken
)
JOIN messaging_message AS k ON k.tenant_id = %(tenant_id)s AND k.id = t.id
CROSS JOIN LATERAL (
    SELECT
        t.failure > coalesce(
            GREATEST(k.delivered_at, k.opened_at, k.clicked_at, k.bounced_at, t.arrival),
            '-infinity'::timestamptz
        ) AS is_failure,
        GREATEST(t.arrival, t.delivered) >= coalesce(
            GREATEST(k.bounced_at, t.failure), 'infinity'::timestamptz
        ) AS is_arrival
) AS s
WHERE m.tenant_id = %(tenant_id)s
  AND m.tenant_id = k.tenant_id
  AND m.id = k.id
