-- flows/sql/settle_held_out.sql
-- Before profiles are merged: of the rows of one flow and key that would be one person's, keep the
-- winner's, else the first; the others get another key.
--
-- in:  tenant_id        bigint    added by kernel.sql.run_sql
--      losers, winners  bigint[]  one element per pair
-- out: -
WITH member AS (
    SELECT m.loser AS profile_id, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
    UNION
    SELECT m.winner, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
),

ranked AS (
    SELECT
        h.id,
        row_number() OVER (
            PARTITION BY b.winner, h.flow_id, h.run_key
            ORDER BY (h.profile_id <> b.winner), h.id
        ) AS place
    FROM member AS b
    JOIN flows_heldout AS h ON h.tenant_id = %(tenant_id)s AND h.profile_id = b.profile_id
)

UPDATE flows_heldout AS h
SET run_key = h.run_key || ':merged:' || h.profile_id
FROM ranked AS k
WHERE h.tenant_id = %(tenant_id)s AND h.id = k.id AND k.place > 1;
