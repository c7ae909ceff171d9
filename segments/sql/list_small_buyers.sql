-- Purpose: the buyers of a segment that few ever entered.
-- In: tenant_id; segment_id; most, entries and exits that are looked at.
-- Out: one row: is_whole, false where there were more moves than that; profile_ids, in an order that
--      has nothing to do with what they bought, empty where it is not whole.
-- Why: a small segment hardly shows in an even sample of everybody, but all who are in it entered.
WITH newest AS MATERIALIZED (
    (
        SELECT c.profile_id
        FROM segments_membershipchange AS c
        WHERE c.tenant_id = %(tenant_id)s AND c.segment_id = %(segment_id)s
        ORDER BY c.id DESC
        LIMIT %(most)s + 1
    )
    UNION ALL
    SELECT unnest(m.profile_ids) AS profile_id
    FROM (
        SELECT b.profile_ids
        FROM segments_membershipmove AS b
        WHERE b.tenant_id = %(tenant_id)s AND b.segment_id = %(segment_id)s
        ORDER BY b.id DESC
        LIMIT %(most)s / 20 + 2
    ) AS m
    LIMIT %(most)s + 1
),

person AS MATERIALIZED (
    SELECT DISTINCT n.profile_id
    FROM newest AS n
    WHERE (SELECT count(*) FROM newest) <= %(most)s
)

SELECT
    (SELECT count(*) FROM newest) <= %(most)s AS is_whole,
    ARRAY(
        SELECT p.profile_id
        FROM person AS p
        WHERE COALESCE((
                  SELECT m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
                  FROM segments_membership AS m
                  WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = p.profile_id
              ), false)
          AND (
              SELECT s.profile_id
              FROM segments_rfmscore AS s
              WHERE s.tenant_id = %(tenant_id)s AND s.profile_id = p.profile_id
          ) IS NOT NULL
        ORDER BY hashint8(p.profile_id), p.profile_id
    ) AS profile_ids
