-- Purpose: entries and exits of a segment, newest first, with who moved.
-- In: tenant_id; segment_id; before, the last change seen or NULL; count.
-- Out: id, profile_id, name, email, entered, at, cause, event_name.
-- Why: by key, so that the last page costs what the first one does.
SELECT
    c.id,
    c.profile_id,
    COALESCE(
        NULLIF(trim(p.first_name || ' ' || p.last_name), ''), NULLIF(p.email, ''), '#' || p.id
    ) AS name,
    p.email,
    c.entered,
    c.at,
    c.cause,
    c.event_name
FROM segments_membershipchange AS c
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = c.profile_id
WHERE c.tenant_id = %(tenant_id)s AND c.segment_id = %(segment_id)s
  AND (%(before)s::bigint IS NULL OR c.id < %(before)s::bigint)
ORDER BY c.id DESC
LIMIT %(count)s
