-- Purpose: leave one entry for each list of those whose profiles become one.
-- In: tenant_id; losers, winners, arrays of equal length.
-- Out: nothing. An entry of a loser is put aside where the winner, or a loser before it, is on the
--      list: it goes back when the merge is undone.
WITH pair AS (
    SELECT m.loser, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
),

entry AS (
    SELECT
        e.id,
        m.loser,
        m.winner,
        row_number() OVER (
            PARTITION BY e.segment_id, COALESCE(m.winner, e.profile_id)
            ORDER BY m.loser NULLS FIRST
        ) AS place
    FROM segments_listentry AS e
    LEFT JOIN pair AS m ON m.loser = e.profile_id
    WHERE e.tenant_id = %(tenant_id)s
      AND (
          e.profile_id = ANY(%(losers)s::bigint[]) OR e.profile_id = ANY(%(winners)s::bigint[])
      )
),

gone AS (
    DELETE FROM segments_listentry AS e
    USING entry AS n
    WHERE e.tenant_id = %(tenant_id)s AND e.id = n.id AND n.place > 1
    RETURNING e.segment_id, n.loser, n.winner, e.added_at, e.added_by
)

INSERT INTO segments_listaside (tenant_id, segment_id, profile_id, loser_id, added_at, added_by)
SELECT %(tenant_id)s, g.segment_id, g.winner, g.loser, g.added_at, g.added_by
FROM gone AS g
ORDER BY g.segment_id, g.loser
ON CONFLICT (tenant_id, profile_id, segment_id, loser_id) DO NOTHING
