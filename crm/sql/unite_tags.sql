-- Purpose: give the winners of merges the tags of their losers, whose rows keep them for an undo.
-- In: losers, winners (arrays of equal length). Out: nothing.
UPDATE crm_profile AS p
SET tags = ARRAY(
    SELECT DISTINCT t.tag
    FROM (
        SELECT unnest(p.tags) AS tag
        UNION ALL
        SELECT unnest(o.tags)
        FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
        JOIN crm_profile AS o ON o.tenant_id = %(tenant_id)s AND o.id = m.loser
        WHERE m.winner = p.id
    ) AS t
    ORDER BY t.tag
)
WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(winners)s::bigint[])
