-- Purpose: sum up the counted hours of some windows, by name and store.
-- In: numbers, begins, ends (arrays of equal length). Out: name, store_id, number, count.
SELECT v.name, v.store_id, w.number, sum(v.count)::bigint AS count
FROM unnest(%(numbers)s::int[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
    AS w (number, begins, ends)
JOIN analytics_eventvolume AS v
    ON v.tenant_id = %(tenant_id)s AND v.hour >= w.begins AND v.hour < w.ends
GROUP BY v.name, v.store_id, w.number
