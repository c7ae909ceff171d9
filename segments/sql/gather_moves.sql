-- Purpose: those who enter or leave alike, gathered by part of 8,192 ids.
-- In: moved and single, queries before this one: who moves, with old and new segments, and of whom it is asked by
--     themselves why.
-- Out: single_id, NULL for many; segment_id, entered, part, profile_ids.
SELECT
    n.single_id, n.segment_id, n.entered, n.profile_id >> 13 AS part,
    array_agg(n.profile_id) AS profile_ids
FROM (
    SELECT e.profile_id, s.profile_id AS single_id, e.segment_id, e.entered
    FROM (
        SELECT profile_id, unnest(segment_ids) AS segment_id, old_ids AS others, true AS entered
        FROM moved
        UNION ALL
        SELECT profile_id, unnest(old_ids) AS segment_id, segment_ids AS others, false AS entered
        FROM moved
    ) AS e
    LEFT JOIN single AS s ON s.profile_id = e.profile_id
    WHERE e.segment_id <> ALL(e.others)
) AS n
GROUP BY n.single_id, n.segment_id, n.entered, n.profile_id >> 13
