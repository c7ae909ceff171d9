-- Purpose: add up where addresses with coordinates lie, by postcode.
-- In: tenant_id; country, code, latitude, longitude, count, arrays of equal length: sums of degrees
--     and of how many addresses; now.
-- Out: nothing.
-- Why: conditions read what was settled, so that no order moves others of its postcode unseen.
INSERT INTO crm_postcode AS z (
    tenant_id, country, code, source, seen_count, seen_latitude, seen_longitude, updated_at
)
SELECT
    %(tenant_id)s, n.country, n.code, 'address', n.seen, n.latitude, n.longitude, %(now)s
FROM unnest(
    %(country)s::text[], %(code)s::text[], %(latitude)s::float8[], %(longitude)s::float8[],
    %(count)s::bigint[]
) AS n (country, code, latitude, longitude, seen)
ORDER BY n.country, n.code
ON CONFLICT (tenant_id, country, code) DO UPDATE SET
    seen_count = z.seen_count + excluded.seen_count,
    seen_latitude = z.seen_latitude + excluded.seen_latitude,
    seen_longitude = z.seen_longitude + excluded.seen_longitude
