-- Purpose: the countries that people of a tenant live in, to choose from.
-- In: newest, how many of the newest people are looked at.
-- Out: country, people; most people first.
-- Why: among the newest only, so that it costs the same for any number of people.
SELECT n.country, count(*) AS people
FROM (
    SELECT p.country
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.merged_into_id IS NULL
    ORDER BY p.created_at DESC, p.id DESC
    LIMIT %(newest)s
) AS n
WHERE n.country <> ''
GROUP BY n.country
ORDER BY count(*) DESC, n.country
