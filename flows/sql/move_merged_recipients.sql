-- flows/sql/move_merged_recipients.sql
-- Let what is left of the losers in campaigns be the winners', at the same place.
--
-- in:  tenant_id        bigint    added by kernel.sql
--      losers, winners  bigint[]  one element per pair
-- out: row count
UPDATE flows_recipient AS r
SET profile_id = m.winner
FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
WHERE r.tenant_id = %(tenant_id)s
  AND r.profile_id = m.loser
  AND r.profile_id = ANY(%(losers)s::bigint[])
