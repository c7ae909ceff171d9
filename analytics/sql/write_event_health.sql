-- Purpose: keep how each event of each store stands; what is counted no more goes.
-- In: columns of `EventHealth` as arrays of equal length, but since; now. Out: nothing.
WITH stands AS (
    SELECT n.*
    FROM unnest(
        %(name)s::text[], %(store_id)s::bigint[], %(health)s::text[],
        %(window_from)s::timestamptz[], %(window_until)s::timestamptz[],
        %(window_count)s::bigint[], %(low)s::bigint[], %(usual)s::bigint[], %(high)s::bigint[],
        %(day_count)s::bigint[], %(month_count)s::bigint[]
    ) AS n (
        name, store_id, health, window_from, window_until, window_count, low, usual, high,
        day_count, month_count
    )
),
gone AS (
    DELETE FROM analytics_eventhealth AS h
    WHERE h.tenant_id = %(tenant_id)s
      AND NOT EXISTS (
          SELECT 1 FROM stands AS s WHERE s.name = h.name AND s.store_id = h.store_id
      )
)
INSERT INTO analytics_eventhealth AS h (
    tenant_id, name, store_id, health, since, window_from, window_until, window_count, low, usual,
    high, day_count, month_count
)
SELECT
    %(tenant_id)s, s.name, s.store_id, s.health, %(now)s, s.window_from, s.window_until,
    s.window_count, s.low, s.usual, s.high, s.day_count, s.month_count
FROM stands AS s
ON CONFLICT (tenant_id, name, store_id) DO UPDATE SET
    since = CASE WHEN h.health = EXCLUDED.health THEN h.since ELSE EXCLUDED.since END,
    health = EXCLUDED.health,
    window_from = EXCLUDED.window_from,
    window_until = EXCLUDED.window_until,
    window_count = EXCLUDED.window_count,
    low = EXCLUDED.low,
    usual = EXCLUDED.usual,
    high = EXCLUDED.high,
    day_count = EXCLUDED.day_count,
    month_count = EXCLUDED.month_count
