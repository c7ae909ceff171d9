-- Purpose: where some postcodes lie.
-- In: tenant_id; country, code, arrays of equal length.
-- Out: country, code, latitude, longitude; no row for one that is not known.
SELECT z.country, z.code, z.latitude, z.longitude
FROM crm_postcode AS z
JOIN unnest(%(country)s::text[], %(code)s::text[]) AS n (country, code)
    ON n.country = z.country AND n.code = z.code
WHERE z.tenant_id = %(tenant_id)s AND z.latitude IS NOT NULL
