-- Purpose: pairs of known profiles that have something in common which few others have.
-- In: part, parts (keys are cut into so many parts); most (profiles of one key); count (pairs).
-- Out: one_id, other_id (the higher id), name, email, phone, raw_phone, postcode, city of each;
--   likeness of the names; reason (what records claimed, empty where nothing), ascending.
-- Why: a key that many have, such as info@ or a common name, says nothing and would make the square
--   of them in pairs: it is left out. So the cost follows the number of profiles.
WITH keys AS (
    SELECT p.id, k.key
    FROM crm_profile AS p
    CROSS JOIN LATERAL (
        VALUES
            (CASE WHEN p.email_norm <> '' THEN
                'e' || replace(split_part(split_part(p.email_norm, '@', 1), '+', 1), '.', '')
            END),
            (CASE WHEN length(p.phone) > 9 THEN
                'p' || right(regexp_replace(p.phone, '\D', '', 'g'), 9)
            END),
            (CASE WHEN p.properties ? 'unusable_phone' THEN
                'p' || right(regexp_replace(p.properties ->> 'unusable_phone', '\D', '', 'g'), 9)
            END),
            (CASE WHEN p.postcode <> '' AND p.name_norm LIKE '%% %%' THEN
                'z' || p.country || lower(replace(p.postcode, ' ', ''))
                || LEAST(left(lower(p.first_name), 2), left(lower(p.last_name), 2))
                || GREATEST(left(lower(p.first_name), 2), left(lower(p.last_name), 2))
            END),
            (CASE WHEN p.name_norm LIKE '%% %%' THEN 'n' || p.name_norm END),
            (CASE WHEN p.city <> '' AND p.name_norm LIKE '%% %%' THEN
                'c' || p.country || lower(p.city) || '/' || p.name_norm
            END)
    ) AS k (key)
    WHERE p.tenant_id = %(tenant_id)s
      AND p.merged_into_id IS NULL
      AND p.erased_at IS NULL
      AND NOT p.is_anonymous
      AND abs(hashtext(k.key) %% %(parts)s) = %(part)s
),
grouped AS (
    SELECT array_agg(DISTINCT y.id) AS ids
    FROM keys AS y
    GROUP BY y.key
    HAVING count(*) BETWEEN 2 AND %(most)s
),
pairs AS (
    SELECT DISTINCT a.id AS one_id, b.id AS other_id
    FROM grouped AS g
    CROSS JOIN LATERAL unnest(g.ids) AS a (id)
    CROSS JOIN LATERAL unnest(g.ids) AS b (id)
    WHERE a.id < b.id
),
sides AS NOT MATERIALIZED (
    SELECT
        p.id, p.name_norm AS name, p.email_norm AS email, p.phone,
        COALESCE(p.properties ->> 'unusable_phone', '') AS raw_phone,
        CASE WHEN p.postcode = '' THEN '' ELSE
            p.country || lower(replace(p.postcode, ' ', ''))
        END AS postcode,
        CASE WHEN p.city = '' THEN '' ELSE p.country || lower(replace(p.city, ' ', '')) END AS city
    FROM crm_profile AS p
    WHERE p.tenant_id = %(tenant_id)s
)
SELECT
    c.one_id, c.other_id, o.name AS one_name, o.email AS one_email, o.phone AS one_phone,
    o.raw_phone AS one_raw_phone, o.postcode AS one_postcode, o.city AS one_city,
    t.name AS other_name, t.email AS other_email, t.phone AS other_phone,
    t.raw_phone AS other_raw_phone, t.postcode AS other_postcode, t.city AS other_city,
    similarity(o.name, t.name) AS likeness, COALESCE(d.reason, '') AS reason
FROM pairs AS c
JOIN sides AS o ON o.id = c.one_id
JOIN sides AS t ON t.id = c.other_id
LEFT JOIN crm_probableduplicate AS d
    ON d.tenant_id = %(tenant_id)s AND d.one_id = c.one_id AND d.other_id = c.other_id
WHERE d.status IS NULL OR d.status = 'open'
ORDER BY c.one_id, c.other_id
LIMIT %(count)s
