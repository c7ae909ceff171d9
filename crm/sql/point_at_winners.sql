-- Purpose: make alias rows of merged profiles; older aliases follow to the last winner.
-- In: losers, winners (arrays of equal length); now. Out: nothing.
UPDATE crm_profile AS p
SET merged_into_id = m.winner, email = '', email_norm = '', phone = '', first_name = '',
    last_name = '', name_norm = '', updated_at = %(now)s
FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
WHERE p.tenant_id = %(tenant_id)s AND (p.id = m.loser OR p.merged_into_id = m.loser)
