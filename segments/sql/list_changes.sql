-- Purpose: entries and exits of a segment, newest first, with who moved.
-- In: tenant_id; segment_id; before, the last change seen or NULL; count.
-- Out: id, profile_id, name, email, entered, at, cause, event_id, event_name.
-- Why: by key, so that the last page costs what the first one does. Who moved together with others
--      (MembershipMove, 20 people or more, at most 8,192) has the row's id and a place in it.
WITH found AS (
    (
        SELECT c.id << 13 AS id, c.profile_id, c.entered, c.at, c.cause, c.event_id, c.event_name
        FROM segments_membershipchange AS c
        WHERE c.tenant_id = %(tenant_id)s AND c.segment_id = %(segment_id)s
          AND (%(before)s::bigint IS NULL OR c.id <= (%(before)s::bigint - 1) >> 13)
        ORDER BY c.id DESC
        LIMIT %(count)s
    )
    UNION ALL
    SELECT
        (m.id << 13) + n.place - 1 AS id, n.profile_id, m.entered, m.at, m.cause,
        NULL::bigint AS event_id, '' AS event_name
    FROM (
        SELECT b.id, b.entered, b.at, b.cause, b.profile_ids
        FROM segments_membershipmove AS b
        WHERE b.tenant_id = %(tenant_id)s AND b.segment_id = %(segment_id)s
          AND (%(before)s::bigint IS NULL OR b.id <= (%(before)s::bigint - 1) >> 13)
        ORDER BY b.id DESC
        LIMIT %(count)s / 20 + 2
    ) AS m
    CROSS JOIN LATERAL (
        SELECT u.profile_id, u.place
        FROM unnest(m.profile_ids) WITH ORDINALITY AS u (profile_id, place)
        WHERE %(before)s::bigint IS NULL OR (m.id << 13) + u.place - 1 < %(before)s::bigint
        ORDER BY u.place DESC
        LIMIT %(count)s
    ) AS n
)

SELECT
    f.id,
    f.profile_id,
    COALESCE(
        NULLIF(trim(p.first_name || ' ' || p.last_name), ''), NULLIF(p.email, ''), '#' || p.id
    ) AS name,
    p.email,
    f.entered,
    f.at,
    f.cause,
    f.event_id,
    f.event_name
FROM found AS f
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = f.profile_id
ORDER BY f.id DESC
LIMIT %(count)s
