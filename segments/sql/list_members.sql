-- Purpose: members of a segment with what a list shows of them.
-- In: tenant_id; segment_id; search, a LIKE pattern in lower case or empty; after, the last
--     profile seen or NULL; count.
-- Out: profile_id, name, email, order_count, net_minor, last_order_at, entered_at.
-- Why: newest profile first, by key, so that the last page costs what the first one does.
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
              AND c.segment_id = %(segment_id)s AND c.entered
            ORDER BY c.at DESC
            LIMIT 1
        ),
        (
            SELECT b.at FROM segments_membershipmove AS b
            WHERE b.tenant_id = %(tenant_id)s AND b.part = p.id >> 13
              AND b.segment_id = %(segment_id)s AND b.entered AND p.id = ANY(b.profile_ids)
            ORDER BY b.id DESC
            LIMIT 1
        )
    ) AS entered_at
FROM segments_membership AS m
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = m.profile_id
LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = m.profile_id
WHERE m.tenant_id = %(tenant_id)s
  AND m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
  AND (%(after)s::bigint IS NULL OR m.profile_id < %(after)s::bigint)
  AND (%(search)s = '' OR p.email_norm LIKE %(search)s OR p.name_norm LIKE %(search)s)
ORDER BY m.profile_id DESC
LIMIT %(count)s
