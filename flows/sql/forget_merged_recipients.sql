-- flows/sql/forget_merged_recipients.sql
-- Before profiles are merged: of the rows of one campaign that would be one person's, keep the one
-- that comes first.
--
-- in:  tenant_id        bigint    added by kernel.sql
--      losers, winners  bigint[]  one element per pair
-- out: row count = rows that are gone
-- why: who comes first may have been released already, and the other one must then not be. Cells
--      are released from 1 on, then 0; who is held out comes last, so that whoever was to get it
--      still does.
WITH member AS (
    SELECT m.loser AS profile_id, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
    UNION
    SELECT m.winner, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
),

ranked AS (
    SELECT
        r.campaign_id,
        r.profile_id,
        r.channel,
        row_number() OVER (
            PARTITION BY b.winner, r.campaign_id, r.channel
            ORDER BY
                r.cell < 0, r.cell = 0, r.cell, r.due_at, r.slot, (r.profile_id <> b.winner)
        ) AS place
    FROM member AS b
    JOIN flows_recipient AS r ON r.tenant_id = %(tenant_id)s AND r.profile_id = b.profile_id
    WHERE r.profile_id = ANY(%(losers)s::bigint[]) OR r.profile_id = ANY(%(winners)s::bigint[])
)

DELETE FROM flows_recipient AS r
USING ranked AS k
WHERE r.tenant_id = %(tenant_id)s
  AND r.profile_id = k.profile_id
  AND r.campaign_id = k.campaign_id
  AND r.channel = k.channel
  AND k.place > 1
