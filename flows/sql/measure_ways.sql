-- flows/sql/measure_ways.sql
-- Measure what each way of an A/B split brought those who went it.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
--      flow_id    bigint
--      node       text
--      metric     text         opens, clicks or revenue
--      window     interval     so long after they came to the split it counts
--      now        timestamptz
--      most       integer      so many runs at the most
-- out: way, recipients, total, squares
--
-- A person counts with their first visit in the newest runs whose time is over, and where a message of
-- that run was sent after it. Revenue is what orders that count left net of refunds, in minor units.
WITH newest AS (
    SELECT r.id, r.profile_id
    FROM flows_flowrun AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND r.flow_id = %(flow_id)s
      AND r.started_at <= %(now)s::timestamptz - %(window)s::interval
    ORDER BY r.id DESC
    LIMIT %(most)s
),

went AS (
    SELECT DISTINCT ON (r.profile_id) r.profile_id, s.run_id, s.result AS way, s.at
    FROM newest AS r
    JOIN flows_runstep AS s ON s.tenant_id = %(tenant_id)s AND s.run_id = r.id
    WHERE s.node_id = %(node)s
      AND starts_with(s.result, 'way: ')
    ORDER BY r.profile_id, s.id
),

reached AS (
    SELECT
        w.profile_id, w.way, w.at,
        bool_or(coalesce(m.opened_at, m.clicked_at) <= w.at + %(window)s::interval) AS is_opened,
        bool_or(m.clicked_at <= w.at + %(window)s::interval) AS is_clicked
    FROM went AS w
    JOIN messaging_message AS m
        ON m.tenant_id = %(tenant_id)s
        AND m.profile_id = w.profile_id
        AND m.flow_run_id = w.run_id
        AND m.sent_at >= w.at
    WHERE w.at <= %(now)s::timestamptz - %(window)s::interval
    GROUP BY w.profile_id, w.way, w.at
),

brought AS (
    SELECT
        e.way,
        CASE %(metric)s
            WHEN 'opens' THEN coalesce(e.is_opened, FALSE)::integer
            WHEN 'clicks' THEN coalesce(e.is_clicked, FALSE)::integer
            ELSE (
                SELECT coalesce(
                    sum(
                        o.base_gross_minor
                        * (1 - least(o.refunded_minor::numeric / nullif(o.gross_minor, 0), 1))
                    ),
                    0
                )
                FROM crm_order AS o
                WHERE o.tenant_id = %(tenant_id)s
                  AND o.profile_id = e.profile_id
                  AND o.is_counted
                  AND o.ordered_at > e.at
                  AND o.ordered_at <= e.at + %(window)s::interval
            )
        END::double precision AS value
    FROM reached AS e
)

SELECT b.way, count(*) AS recipients, sum(b.value) AS total, sum(b.value * b.value) AS squares
FROM brought AS b
GROUP BY b.way;
