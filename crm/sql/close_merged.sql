-- Purpose: make alias rows of merged profiles; older aliases follow to the last winner. The winners
--   get tags and the latest opens, clicks and visits; what says who may be whom follows. Carts
--   that would meet one of equal name go.
-- In: losers, winners (arrays of equal length); now; the statements that make permission most
--   restrictive, as append_consent.
-- Out: loser, aliases (ids of older aliases), and when loser and winner opened, clicked and were
--   seen before, for an undo. The losers keep their tags, their facts go.
WITH pair AS (
    SELECT m.loser, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
),
twins AS (
    {crm.drop_twin_carts}
),
stated AS (
    {crm.append_consent}
),
aliased AS (
    UPDATE crm_profile AS p
    SET merged_into_id = m.winner, email = '', email_norm = '', phone = '', first_name = '',
        last_name = '', name_norm = '', updated_at = %(now)s
    FROM pair AS m
    WHERE p.tenant_id = %(tenant_id)s AND (p.id = m.loser OR p.merged_into_id = m.loser)
    RETURNING m.loser, p.id
),
tagged AS (
    UPDATE crm_profile AS p
    SET tags = n.tags
    FROM (
        SELECT w.winner, array_agg(DISTINCT t.tag ORDER BY t.tag) AS tags
        FROM (
            SELECT m.winner, m.winner AS owner FROM pair AS m
            UNION
            SELECT m.winner, m.loser FROM pair AS m
        ) AS w
        JOIN crm_profile AS o ON o.tenant_id = %(tenant_id)s AND o.id = w.owner
        CROSS JOIN LATERAL unnest(o.tags) AS t (tag)
        GROUP BY w.winner
    ) AS n
    WHERE p.tenant_id = %(tenant_id)s AND p.id = n.winner AND p.tags <> n.tags
),
engaged AS (
    SELECT f.profile_id, f.last_opened_at, f.last_clicked_at, f.last_seen_at
    FROM crm_profilefacts AS f
    WHERE f.tenant_id = %(tenant_id)s
      AND (f.profile_id = ANY(%(losers)s::bigint[]) OR f.profile_id = ANY(%(winners)s::bigint[]))
),
gone AS (
    DELETE FROM crm_profilefacts AS f
    USING pair AS m
    WHERE f.tenant_id = %(tenant_id)s AND f.profile_id = m.loser
    RETURNING m.winner, f.last_opened_at, f.last_clicked_at, f.last_seen_at, f.points_balance
),
united AS (
    INSERT INTO crm_profilefacts AS f (
        tenant_id, profile_id, last_opened_at, last_clicked_at, last_seen_at, points_balance
    )
    SELECT
        %(tenant_id)s, g.winner, max(g.last_opened_at), max(g.last_clicked_at),
        max(g.last_seen_at), sum(g.points_balance)
    FROM gone AS g
    GROUP BY g.winner
    ON CONFLICT (tenant_id, profile_id) DO UPDATE SET
        last_opened_at = GREATEST(f.last_opened_at, EXCLUDED.last_opened_at),
        last_clicked_at = GREATEST(f.last_clicked_at, EXCLUDED.last_clicked_at),
        last_seen_at = GREATEST(f.last_seen_at, EXCLUDED.last_seen_at),
        points_balance = f.points_balance + EXCLUDED.points_balance
),
set_aside AS (
    UPDATE crm_probableduplicate AS d
    SET status = 'merged'
    FROM pair AS m
    WHERE d.tenant_id = %(tenant_id)s
      AND d.status = 'open'
      AND (d.one_id = m.loser OR d.other_id = m.loser)
    RETURNING d.id
),
doubtful AS (
    SELECT
        COALESCE(a.winner, d.one_id) AS one_id, COALESCE(b.winner, d.other_id) AS other_id,
        d.reason, d.reasons, d.score, d.status, d.decided_at, d.decided_by, d.found_at
    FROM crm_probableduplicate AS d
    LEFT JOIN pair AS a ON a.loser = d.one_id
    LEFT JOIN pair AS b ON b.loser = d.other_id
    WHERE d.tenant_id = %(tenant_id)s
      AND d.status IN ('open', 'apart')
      AND (d.one_id = ANY(%(losers)s::bigint[]) OR d.other_id = ANY(%(losers)s::bigint[]))
),
handed_over AS (
    INSERT INTO crm_probableduplicate (
        tenant_id, one_id, other_id, reason, reasons, score, status, decided_at, decided_by,
        found_at, noted_at
    )
    SELECT
        %(tenant_id)s, LEAST(d.one_id, d.other_id), GREATEST(d.one_id, d.other_id), d.reason,
        d.reasons, d.score, d.status, d.decided_at, d.decided_by, d.found_at, %(now)s
    FROM doubtful AS d
    WHERE d.one_id <> d.other_id
    ORDER BY d.status, d.one_id, d.other_id
    ON CONFLICT (tenant_id, one_id, other_id) DO NOTHING
)
SELECT
    m.loser,
    ARRAY(SELECT a.id FROM aliased AS a WHERE a.loser = m.loser AND a.id <> m.loser) AS aliases,
    ROW_TO_JSON(l)::text AS loser_seen,
    ROW_TO_JSON(w)::text AS winner_seen
FROM pair AS m
LEFT JOIN engaged AS l ON l.profile_id = m.loser
LEFT JOIN engaged AS w ON w.profile_id = m.winner
