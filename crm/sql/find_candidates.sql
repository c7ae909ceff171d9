-- Purpose: pairs of known profiles that have something in common which few others have.
-- In: part, parts (keys are cut into so many parts); since (pairs of which a side was written from
--   then on; NULL: all); most (profiles of one key); alike (similarity of names that are one);
--   count (pairs).
-- Out: one_id, other_id (the higher id), name, email, phone, raw_phone, postcode, city of each;
--   likeness of the names; reason (what records claimed, empty where nothing), ascending.
-- Why: a key that many have, such as info@ or a common name, says nothing and would make the square
--   of them in pairs: it is left out. So the cost follows the number of profiles. A name alone is
--   no key: only a typo in the mailbox at one provider, or one mailbox name at two, speaks for it.
--   Digests of keys are sorted several times as fast as their text; two that agree by chance make
--   a pair for which nothing speaks.
WITH keys AS (
    SELECT p.id, p.is_changed, h.key
    FROM (
        SELECT
            q.id, q.phone, q.postcode, q.country, q.first_name, q.last_name, q.city, q.name_norm,
            q.properties, q.email_norm, q.name_norm LIKE '%% %%' AS has_names,
            COALESCE(q.updated_at >= %(since)s::timestamptz, true) AS is_changed,
            replace(split_part(split_part(q.email_norm, '@', 1), '+', 1), '.', '') AS mailbox
        FROM crm_profile AS q
        WHERE q.tenant_id = %(tenant_id)s
          AND q.merged_into_id IS NULL
          AND q.erased_at IS NULL
          AND NOT q.is_anonymous
    ) AS p
    CROSS JOIN LATERAL (
        VALUES
            (CASE WHEN p.email_norm <> '' THEN 'e' || p.mailbox END),
            (CASE WHEN p.email_norm <> '' AND p.has_names THEN
                'b' || p.mailbox || '/' || p.name_norm
            END),
            (CASE WHEN p.email_norm <> '' AND p.has_names THEN
                'n' || split_part(p.email_norm, '@', 2) || '/' || p.name_norm
            END),
            (CASE WHEN length(p.phone) > 9 THEN
                'p' || right(regexp_replace(p.phone, '\D', '', 'g'), 9)
            END),
            (CASE WHEN p.properties ? 'unusable_phone' THEN
                'p' || right(regexp_replace(p.properties ->> 'unusable_phone', '\D', '', 'g'), 9)
            END),
            (CASE WHEN p.postcode <> '' AND p.has_names THEN
                'z' || p.country || lower(replace(p.postcode, ' ', ''))
                || LEAST(left(lower(p.first_name), 2), left(lower(p.last_name), 2))
                || GREATEST(left(lower(p.first_name), 2), left(lower(p.last_name), 2))
            END),
            (CASE WHEN p.city <> '' AND p.has_names THEN
                'c' || p.country || lower(p.city) || '/' || p.name_norm
            END)
    ) AS k (text)
    CROSS JOIN LATERAL (SELECT hashtextextended(k.text, 0) AS key) AS h
    WHERE abs(h.key %% %(parts)s) = %(part)s
),
grouped AS (
    SELECT array_agg(y.id) AS ids, array_agg(y.is_changed) AS changes
    FROM keys AS y
    GROUP BY y.key
    HAVING count(*) BETWEEN 2 AND %(most)s AND bool_or(y.is_changed)
),
pairs AS (
    SELECT DISTINCT a.id AS one_id, b.id AS other_id
    FROM grouped AS g
    CROSS JOIN LATERAL unnest(g.ids, g.changes) AS a (id, is_changed)
    CROSS JOIN LATERAL unnest(g.ids, g.changes) AS b (id, is_changed)
    WHERE a.id < b.id AND (a.is_changed OR b.is_changed)
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
),
compared AS (
    SELECT
        c.one_id, c.other_id, o.name AS one_name, o.email AS one_email, o.phone AS one_phone,
        o.raw_phone AS one_raw_phone, o.postcode AS one_postcode, o.city AS one_city,
        t.name AS other_name, t.email AS other_email, t.phone AS other_phone,
        t.raw_phone AS other_raw_phone, t.postcode AS other_postcode, t.city AS other_city,
        similarity(o.name, t.name) AS likeness
    FROM pairs AS c
    JOIN sides AS o ON o.id = c.one_id
    JOIN sides AS t ON t.id = c.other_id
)
SELECT v.*, COALESCE(d.reason, '') AS reason
FROM compared AS v
LEFT JOIN crm_probableduplicate AS d
    ON d.tenant_id = %(tenant_id)s AND d.one_id = v.one_id AND d.other_id = v.other_id
WHERE (d.status IS NULL OR d.status = 'open')
  AND (
    v.likeness >= %(alike)s
    OR v.one_name = ''
    OR v.other_name = ''
    OR split_part(v.one_email, '@', 2) = split_part(v.other_email, '@', 2)
  )
ORDER BY v.one_id, v.other_id
LIMIT %(count)s
