-- loyalty/sql/lots_made.sql
-- Say when points that come in can be used, and until when.
--
-- in:  moved (entry_id, profile_id, kind, points, order_id, effective_at)
--      zone, now    as in loyalty.move_points
-- out: entry_id, profile_id, order_id, points, activates_at, expires_at    of each new lot
--
-- What a correction adds to an order waits as long as the order's other points and expires with
-- them, whoever has it by now. What another tool kept begins to age here, however long it had lain
-- there.
SELECT
    m.entry_id, m.profile_id, m.order_id, m.points,
    CASE WHEN m.order_id IS NOT NULL AND r.waits > '0'::interval THEN r.waits + CASE
        WHEN m.kind = 'earn' THEN m.effective_at
        ELSE coalesce((
            SELECT o.ordered_at
            FROM crm_order AS o
            WHERE o.tenant_id = %(tenant_id)s AND o.id = m.order_id
        ), m.effective_at)
    END END AS activates_at,
    CASE WHEN k.id IS NOT NULL THEN k.expires_at ELSE ((
        (CASE WHEN m.kind = 'open' THEN %(now)s::timestamptz ELSE m.effective_at END
            AT TIME ZONE %(zone)s)::date + make_interval(months => r.months)
    )::date + time '23:59:59') AT TIME ZONE %(zone)s END AS expires_at
FROM moved AS m
LEFT JOIN (
    SELECT p.expires_after_months AS months, make_interval(days => p.pending_days) AS waits
    FROM loyalty_program AS p
    WHERE p.tenant_id = %(tenant_id)s
) AS r ON TRUE
LEFT JOIN LATERAL (
    SELECT l.id, l.expires_at
    FROM loyalty_pointsentry AS e
    JOIN loyalty_pointslot AS l ON l.tenant_id = %(tenant_id)s AND l.id = e.id
    WHERE e.tenant_id = %(tenant_id)s
      AND e.order_id = m.order_id
      AND e.kind = 'earn'
      AND m.kind <> 'earn'
) AS k ON TRUE
WHERE m.points > 0 AND m.kind <> 'expire'
