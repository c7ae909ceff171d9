-- Purpose: keep where a merchant's file says that postcodes lie.
-- In: tenant_id; country, code, latitude, longitude, arrays of equal length; source, 'file', or
--     'derived' for areas that the file names only by what lies in them; now.
-- Out: nothing. What a file names itself is never taken over by what is derived.
INSERT INTO crm_postcode AS z (
    tenant_id, country, code, latitude, longitude, source, updated_at
)
SELECT %(tenant_id)s, n.country, n.code, n.latitude, n.longitude, %(source)s, %(now)s
FROM unnest(
    %(country)s::text[], %(code)s::text[], %(latitude)s::float8[], %(longitude)s::float8[]
) AS n (country, code, latitude, longitude)
ORDER BY n.country, n.code
ON CONFLICT (tenant_id, country, code) DO UPDATE SET
    latitude = excluded.latitude,
    longitude = excluded.longitude,
    source = excluded.source,
    updated_at = excluded.updated_at
WHERE (excluded.source = 'file' OR z.source <> 'file')
  AND (z.latitude, z.longitude, z.source) IS DISTINCT FROM (
      excluded.latitude, excluded.longitude, excluded.source
  )
