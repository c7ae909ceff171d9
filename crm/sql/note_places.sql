-- Purpose: add up where addresses with coordinates lie, by postcode.
-- In: tenant_id; country, code, latitude, longitude, count, arrays of equal length: sums of degrees
--     and of how many addresses; now.
-- Out: nothing. The key is that of lock_postcodes.
-- Why: conditions read what was settled, so that no order moves others of its postcode unseen.
--      While a file is loaded nothing is learned: it takes rows in an order of its own, and who
--      waits for one of them while holding others may be waited for.
WITH free AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock_shared(
        hashtextextended('postcodes:' || (%(tenant_id)s)::text, 0)
    ) AS is_free
)
INSERT INTO crm_postcode AS z (
    tenant_id, country, code, source, seen_count, seen_latitude, seen_longitude, updated_at
)
SELECT
    %(tenant_id)s, n.country, n.code, 'address', n.seen, n.latitude, n.longitude, %(now)s
FROM unnest(
    %(country)s::text[], %(code)s::text[], %(latitude)s::float8[], %(longitude)s::float8[],
    %(count)s::bigint[]
) AS n (country, code, latitude, longitude, seen)
JOIN free AS f ON f.is_free
ORDER BY n.country, n.code
ON CONFLICT (tenant_id, country, code) DO UPDATE SET
    seen_count = z.seen_count + excluded.seen_count,
    seen_latitude = z.seen_latitude + excluded.seen_latitude,
    seen_longitude = z.seen_longitude + excluded.seen_longitude
