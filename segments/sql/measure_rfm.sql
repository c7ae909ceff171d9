-- Purpose: size up the buyers of one tenant, and where quantile mode cuts them.
-- In: tenant_id and what the source of buyers takes.
-- Out: one row: buyers, orders, net_minor; recency_edges, frequency_edges, monetary_edges, the
--      highest values that still get scores 1 to 4 (NULL without buyers).
-- Why: a value gets score s or more when ceil(buyers * (s - 1) / 5) values are strictly smaller,
--      that is when it exceeds the value at that place. Integers only: no rounding can move it.
WITH buyer AS (
    {buyers}
),

ordered AS (
    SELECT
        count(*)::int AS buyers,
        sum(order_count)::bigint AS orders,
        sum(net_minor)::bigint AS net_minor,
        array_agg(last_order_on ORDER BY last_order_on) AS days,
        array_agg(order_count ORDER BY order_count) AS counts,
        array_agg(net_minor ORDER BY net_minor) AS amounts
    FROM buyer
)

SELECT
    buyers,
    COALESCE(orders, 0) AS orders,
    COALESCE(net_minor, 0) AS net_minor,
    ARRAY[
        days[(buyers + 4) / 5], days[(buyers * 2 + 4) / 5],
        days[(buyers * 3 + 4) / 5], days[(buyers * 4 + 4) / 5]
    ] AS recency_edges,
    ARRAY[
        counts[(buyers + 4) / 5], counts[(buyers * 2 + 4) / 5],
        counts[(buyers * 3 + 4) / 5], counts[(buyers * 4 + 4) / 5]
    ] AS frequency_edges,
    ARRAY[
        amounts[(buyers + 4) / 5], amounts[(buyers * 2 + 4) / 5],
        amounts[(buyers * 3 + 4) / 5], amounts[(buyers * 4 + 4) / 5]
    ] AS monetary_edges
FROM ordered
