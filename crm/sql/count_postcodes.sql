-- Purpose: of which countries it is known where postcodes lie, and of how many.
-- In: tenant_id; countries, codes of all there are; most, rows looked at of one country.
-- Out: country, postcodes, from_file, settled, updated_at; no row for a country without any.
-- Why: by country and up to so many, so that a page does not read all postcodes of the world.
SELECT
    c.country,
    s.postcodes::int AS postcodes,
    s.from_file::int AS from_file,
    s.settled::int AS settled,
    s.updated_at
FROM unnest(%(countries)s::text[]) AS c (country)
CROSS JOIN LATERAL (
    SELECT
        count(*) AS postcodes,
        count(*) FILTER (WHERE n.source <> 'address') AS from_file,
        count(n.latitude) AS settled,
        max(n.updated_at) AS updated_at
    FROM (
        SELECT z.source, z.latitude, z.updated_at
        FROM crm_postcode AS z
        WHERE z.tenant_id = %(tenant_id)s AND z.country = c.country
        LIMIT %(most)s
    ) AS n
) AS s
WHERE s.postcodes > 0
ORDER BY s.postcodes DESC, c.country
