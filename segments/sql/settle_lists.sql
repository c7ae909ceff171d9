-- Purpose: leave one entry for each list of those whose profiles become one.
-- In: tenant_id; losers, winners, arrays of equal length.
-- Out: nothing. An entry of a loser goes where the winner, or a loser before it, is on the list.
WITH pair AS (
    SELECT m.loser, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
),

entry AS (
    SELECT
        e.id,
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
)

DELETE FROM segments_listentry AS e
USING entry AS n
WHERE e.tenant_id = %(tenant_id)s AND e.id = n.id AND n.place > 1
