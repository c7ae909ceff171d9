-- Purpose: let carts of losers of a merge pass to their winners without meeting one of equal name.
-- In: losers, winners (arrays of equal length). Out: nothing. What both tell of is read again of the
--   events of the winner.
DELETE FROM crm_cart AS c
USING unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
WHERE c.tenant_id = %(tenant_id)s
  AND c.profile_id = m.loser
  AND EXISTS (
      SELECT 1 FROM crm_cart AS t
      JOIN unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS o (loser, winner)
          ON t.profile_id IN (o.winner, o.loser)
      WHERE t.tenant_id = %(tenant_id)s
        AND o.winner = m.winner
        AND t.started_at = c.started_at
        AND t.id < c.id
  )
