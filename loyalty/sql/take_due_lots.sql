-- loyalty/sql/take_due_lots.sql
-- Take from lots what is due: set free what waited, note a warning, empty what expired.
--
-- in:  tenant_id    bigint       added by kernel.sql.run_sql
--      profile_ids  bigint[]     owners; their accounts are locked
--      now          timestamptz
-- out: lot_id, profile_id, points, expires_at, lapses, is_freed, step
--      step: how many of domain.lots.WARNINGS are due now, 4 when it expired; null when it is not
--      the step that brought it here
--
-- Of warnings that were slept through only the last is told.
WITH due AS (
    SELECT
        l.id, l.profile_id, l.remaining, l.expires_at, l.lapses, l.warned,
        l.is_pending AND l.activates_at <= %(now)s AS is_freed,
        CASE
            WHEN l.expires_at <= %(now)s THEN 4
            WHEN l.expires_at <= %(now)s + interval '1 day' THEN 3
            WHEN l.expires_at <= %(now)s + interval '7 days' THEN 2
            WHEN l.expires_at <= %(now)s + interval '30 days' THEN 1
            ELSE 0
        END AS step
    FROM loyalty_pointslot AS l
    WHERE l.tenant_id = %(tenant_id)s
      AND l.profile_id = ANY(%(profile_ids)s::bigint[])
      AND l.remaining > 0
)
UPDATE loyalty_pointslot AS l
SET
    is_pending = l.is_pending AND NOT d.is_freed,
    warned = greatest(d.warned, least(d.step, 3)),
    remaining = CASE WHEN d.step = 4 THEN 0 ELSE d.remaining END,
    lapses = d.lapses + (d.step = 4)::int
FROM due AS d
WHERE l.tenant_id = %(tenant_id)s AND l.id = d.id AND (d.is_freed OR d.step > d.warned)
RETURNING
    d.id AS lot_id, d.profile_id, d.remaining AS points, d.expires_at, d.lapses, d.is_freed,
    CASE WHEN d.step > d.warned THEN d.step END AS step;
