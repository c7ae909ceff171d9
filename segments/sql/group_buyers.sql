-- Purpose: the scores of buyers by given bounds, and the group that the rules put them into.
-- In: recency, frequency, monetary, the lowest values that get scores 2 to 5.
-- Out: profile_id, last_order_on, order_count, net_minor, recency, frequency, monetary, to_group.
-- Why: a part of `score_rfm`, which names the buyers of one tenant `buyer`. OFFSET 0 keeps the
--      planner from working out each score anew wherever a group asks for it.
SELECT
    s.*,
    CASE
        WHEN s.recency >= 4 AND s.frequency >= 4 AND s.monetary >= 4 THEN 'champions'
        WHEN s.recency >= 3 AND s.frequency >= 4 THEN 'loyal'
        WHEN s.order_count = 1 AND s.recency >= 4 THEN 'potential'
        WHEN s.recency >= 4 THEN 'promising'
        WHEN s.order_count = 1 THEN 'one_time_lapsed'
        WHEN s.recency = 3 THEN 'needs_attention'
        WHEN s.recency = 2 THEN 'at_risk'
        WHEN s.frequency >= 3 OR s.monetary >= 4 THEN 'lapsed_regular'
        ELSE 'lost'
    END AS to_group
FROM (
    SELECT
        profile_id,
        last_order_on,
        order_count,
        net_minor,
        1 + (last_order_on >= (%(recency)s::date[])[1])::int
        + (last_order_on >= (%(recency)s::date[])[2])::int
        + (last_order_on >= (%(recency)s::date[])[3])::int
        + (last_order_on >= (%(recency)s::date[])[4])::int AS recency,
        1 + (order_count >= (%(frequency)s::int[])[1])::int
        + (order_count >= (%(frequency)s::int[])[2])::int
        + (order_count >= (%(frequency)s::int[])[3])::int
        + (order_count >= (%(frequency)s::int[])[4])::int AS frequency,
        1 + (net_minor >= (%(monetary)s::bigint[])[1])::int
        + (net_minor >= (%(monetary)s::bigint[])[2])::int
        + (net_minor >= (%(monetary)s::bigint[])[3])::int
        + (net_minor >= (%(monetary)s::bigint[])[4])::int AS monetary
    FROM buyer
    OFFSET 0
) AS s
