-- Purpose: the countries that people of a tenant live in, to choose from.
-- In: most, how many are listed at most.
-- Out: country, ascending.
-- Why: one step in the index for each country, so that it costs the same for any number of people.
WITH RECURSIVE found AS (
    (
        SELECT p.country
        FROM crm_profile AS p
        WHERE p.tenant_id = %(tenant_id)s
          AND p.country > ''
          AND p.merged_into_id IS NULL
          AND p.erased_at IS NULL
        ORDER BY p.country
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT p.country
        FROM crm_profile AS p
        WHERE p.tenant_id = %(tenant_id)s
          AND p.country > f.country
          AND p.merged_into_id IS NULL
          AND p.erased_at IS NULL
        ORDER BY p.country
        LIMIT 1
    )
    FROM found AS f
    WHERE f.country IS NOT NULL
)
SELECT f.country
FROM found AS f
WHERE f.country IS NOT NULL
LIMIT %(most)s
