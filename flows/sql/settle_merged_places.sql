-- flows/sql/settle_merged_places.sql
-- When profiles are merged: let the rows of one campaign that would be one person's be one row of
-- the winner, at the place of the one who comes first; and of the rows held out of one flow and key
-- keep the winner's, else the first, and give the others another key.
--
-- in:  tenant_id        bigint    added by kernel.sql.run_sql
--      losers, winners  bigint[]  one element per pair
-- out: row count = rows of campaigns that are the winners' now
-- why: who comes first may have been released already, and the other one must then not be. Cells
--      are released from 1 on, or in the order of their times where those are tested, then 0. In
--      the latter the row that stays may be yet to be released though the other one was: the key of
--      the first message keeps the second away. Who is held out comes last, so that whoever was to
--      get it still does. What is gone is counted before anything moves, so that nothing moves onto
--      it.
WITH member AS (
    SELECT m.loser AS profile_id, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
    UNION
    SELECT m.winner, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
),

held_out AS (
    SELECT
        h.id,
        row_number() OVER (
            PARTITION BY b.winner, h.flow_id, h.run_key
            ORDER BY (h.profile_id <> b.winner), h.id
        ) AS place
    FROM member AS b
    JOIN flows_heldout AS h ON h.tenant_id = %(tenant_id)s AND h.profile_id = b.profile_id
),

renamed AS (
    UPDATE flows_heldout AS h
    SET run_key = h.run_key || ':merged:' || h.profile_id
    FROM held_out AS k
    WHERE h.tenant_id = %(tenant_id)s AND h.id = k.id AND k.place > 1
),

recipient AS (
    SELECT
        r.campaign_id,
        r.profile_id,
        r.channel,
        b.winner,
        row_number() OVER (
            PARTITION BY b.winner, r.campaign_id, r.channel
            ORDER BY
                r.cell < 0, r.cell = 0, r.cell, r.due_at, r.slot, (r.profile_id <> b.winner)
        ) AS place
    FROM member AS b
    JOIN flows_recipient AS r ON r.tenant_id = %(tenant_id)s AND r.profile_id = b.profile_id
    WHERE r.profile_id = ANY(%(losers)s::bigint[]) OR r.profile_id = ANY(%(winners)s::bigint[])
),

gone AS (
    DELETE FROM flows_recipient AS r
    USING recipient AS k
    WHERE r.tenant_id = %(tenant_id)s
      AND r.profile_id = k.profile_id
      AND r.campaign_id = k.campaign_id
      AND r.channel = k.channel
      AND k.place > 1
    RETURNING r.profile_id
)

UPDATE flows_recipient AS r
SET profile_id = k.winner
FROM recipient AS k
WHERE r.tenant_id = %(tenant_id)s
  AND r.profile_id = k.profile_id
  AND r.profile_id = ANY(%(losers)s::bigint[])
  AND r.campaign_id = k.campaign_id
  AND r.channel = k.channel
  AND k.place = 1
  AND (SELECT count(*) FROM gone) >= 0;
