-- Purpose: members of a segment as of a past instant, with what a list shows of them now.
-- In: tenant_id; segment_id; until, the instant; search, a LIKE pattern in lower case or empty;
--     after, the last profile seen or NULL; count.
-- Out: profile_id, name, email, order_count, net_minor, last_order_at, entered_at.
-- Why: counted back from now: the first move after the instant says on which side somebody was,
--      and who did not move since is where they are. Only moves since then are read.
WITH since AS MATERIALIZED (
    SELECT DISTINCT ON (n.profile_id) n.profile_id, n.entered
    FROM (
        SELECT c.profile_id, c.entered, c.at, c.id
        FROM segments_membershipchange AS c
        WHERE c.tenant_id = %(tenant_id)s AND c.segment_id = %(segment_id)s AND c.at >= %(until)s
        UNION ALL
        SELECT unnest(b.profile_ids) AS profile_id, b.entered, b.at, b.id
        FROM segments_membershipmove AS b
        WHERE b.tenant_id = %(tenant_id)s AND b.segment_id = %(segment_id)s AND b.at >= %(until)s
    ) AS n
    ORDER BY n.profile_id, n.at, n.id
),

member AS (
    SELECT m.profile_id
    FROM segments_membership AS m
    WHERE m.tenant_id = %(tenant_id)s
      AND m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
      AND NOT EXISTS (SELECT 1 FROM since AS s WHERE s.profile_id = m.profile_id)
    UNION ALL
    SELECT s.profile_id
    FROM since AS s
    WHERE NOT s.entered
)

SELECT
    p.id AS profile_id,
    trim(p.first_name || ' ' || p.last_name) AS name,
    p.email,
    COALESCE(f.order_count, 0) AS order_count,
    COALESCE(f.net_minor, 0) AS net_minor,
    f.last_order_at,
    GREATEST(
        (
            SELECT c.at FROM segments_membershipchange AS c
            WHERE c.tenant_id = %(tenant_id)s AND c.profile_id = p.id
              AND c.segment_id = %(segment_id)s AND c.entered AND c.at < %(until)s
            ORDER BY c.at DESC
            LIMIT 1
        ),
        (
            SELECT b.at FROM segments_membershipmove AS b
            WHERE b.tenant_id = %(tenant_id)s AND b.part = p.id >> 13
              AND b.segment_id = %(segment_id)s AND b.entered AND b.at < %(until)s
              AND p.id = ANY(b.profile_ids)
            ORDER BY b.id DESC
            LIMIT 1
        )
    ) AS entered_at
FROM member AS m
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = m.profile_id
LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = m.profile_id
WHERE p.merged_into_id IS NULL AND p.erased_at IS NULL
  AND (%(after)s::bigint IS NULL OR m.profile_id < %(after)s::bigint)
  AND (%(search)s = '' OR p.email_norm LIKE %(search)s OR p.name_norm LIKE %(search)s)
ORDER BY m.profile_id DESC
LIMIT %(count)s
