-- Purpose: give those whose merges were undone the entries back that were put aside.
-- In: tenant_id; losers, winners, arrays of equal length.
-- Out: nothing. Whoever was taken off a list since stays off it.
WITH back AS (
    DELETE FROM segments_listaside AS a
    USING unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
    WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = m.winner AND a.loser_id = m.loser
    RETURNING a.segment_id, a.loser_id, a.added_at, a.added_by
)

INSERT INTO segments_listentry (tenant_id, segment_id, profile_id, added_at, added_by)
SELECT %(tenant_id)s, b.segment_id, b.loser_id, b.added_at, b.added_by
FROM back AS b
ORDER BY b.segment_id, b.loser_id
ON CONFLICT (tenant_id, profile_id, segment_id) DO NOTHING
