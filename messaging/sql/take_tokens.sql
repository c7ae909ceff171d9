-- messaging/sql/take_tokens.sql
-- Take tokens for messages that are being claimed or give them back, and give turns to those that
-- wait.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      now        timestamptz
--      ids, counts, capacities, per_seconds, bookings
--                 arrays of one length: of the limit, tokens to take (below zero: to
--                 give back), what it holds when full, what
--                 refills in a second, and up to when turns are given away (NULL: as before)
-- out: row count
-- why: what was held when the set was looked at may be less now; then it falls below zero and the
--      next ones wait for it. Rows are locked in the order of their ids.
WITH held AS (
    SELECT r.tenant_id, r.id, told.taken, told.capacity, told.per_second, told.booked_until
    FROM messaging_ratelimit AS r
    JOIN unnest(
        %(ids)s::bigint[], %(counts)s::int[], %(capacities)s::float8[], %(per_seconds)s::float8[],
        %(bookings)s::timestamptz[]
    ) AS told (id, taken, capacity, per_second, booked_until) ON told.id = r.id
    WHERE r.tenant_id = %(tenant_id)s
    ORDER BY r.id
    FOR NO KEY UPDATE OF r
)
UPDATE messaging_ratelimit AS r
SET tokens = least(
        held.capacity,
        least(
            held.capacity,
            r.tokens + held.per_second
                * greatest(extract(epoch FROM %(now)s::timestamptz - r.refilled_at), 0)
        ) - held.taken
    ),
    refilled_at = greatest(r.refilled_at, %(now)s),
    booked_until = greatest(r.booked_until, held.booked_until)
FROM held
WHERE r.tenant_id = %(tenant_id)s
  AND r.tenant_id = held.tenant_id
  AND r.id = held.id
