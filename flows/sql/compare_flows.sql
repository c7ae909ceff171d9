-- flows/sql/compare_flows.sql
-- Sum what people bought after they were let into flows, or were held out of them.
--
-- in:  tenant_id      bigint       added by kernel.sql.run_sql
--      flow_ids       bigint[]
--      since, until   timestamptz  of the first entry of a person, or of being held out
--      span           interval     how long after it an order counts
--      now            timestamptz
-- out: flow_id, is_held_out, people, total, squares   net revenue in minor units of the tenant's
--      currency; flows that hold nobody out are left out
-- why: the lot is drawn last of all that is asked at the entry, so that both groups differ by it
--      alone, whatever became of their messages. Who entered before somebody was held out is left
--      out, as nobody of that time is there to be compared with. Who is held out of everything got
--      no other flow either, so that they are compared with nobody here.
WITH begun AS MATERIALIZED (
    SELECT f.flow_id, h.at
    FROM unnest(%(flow_ids)s::bigint[]) AS f (flow_id)
    CROSS JOIN LATERAL (
        SELECT o.at
        FROM flows_heldout AS o
        WHERE o.tenant_id = %(tenant_id)s
          AND o.flow_id = f.flow_id
          AND o.at >= %(since)s
          AND NOT o.decision ? 'everything'
        ORDER BY o.at
        LIMIT 1
    ) AS h
),

entered AS (
    SELECT r.flow_id, r.profile_id, r.started_at AS at, FALSE AS is_held_out
    FROM flows_flowrun AS r
    JOIN begun AS b ON b.flow_id = r.flow_id
    WHERE r.tenant_id = %(tenant_id)s
      AND r.started_at >= b.at
      AND r.started_at < %(until)s

    UNION ALL

    SELECT o.flow_id, o.profile_id, o.at, TRUE
    FROM flows_heldout AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.flow_id = ANY(%(flow_ids)s::bigint[])
      AND o.at >= %(since)s
      AND o.at < %(until)s
      AND NOT o.decision ? 'everything'
),

person AS (
    SELECT DISTINCT ON (e.flow_id, e.profile_id) e.flow_id, e.profile_id, e.at, e.is_held_out
    FROM entered AS e
    ORDER BY e.flow_id, e.profile_id, e.at
),

bought AS (
    SELECT
        p.flow_id,
        p.is_held_out,
        COALESCE((
            SELECT sum(
                COALESCE(
                    o.base_gross_minor - round(
                        o.base_gross_minor * o.refunded_minor::numeric / NULLIF(o.gross_minor, 0)
                    ),
                    o.base_gross_minor,
                    0
                )
            )
            FROM crm_order AS o
            WHERE o.tenant_id = %(tenant_id)s
              AND o.profile_id = p.profile_id
              AND o.is_counted
              AND o.ordered_at >= p.at
              AND o.ordered_at < LEAST(p.at + %(span)s::interval, %(now)s)
        ), 0)::bigint AS net_minor
    FROM person AS p
)

SELECT
    b.flow_id,
    b.is_held_out,
    count(*) AS people,
    sum(b.net_minor)::bigint AS total,
    sum(b.net_minor::numeric * b.net_minor) AS squares
FROM bought AS b
GROUP BY b.flow_id, b.is_held_out;
