-- Purpose: decide all segments of some profiles in one scan; whose are not as they are kept.
-- In: tenant_id; laterals, segment_ids, reeval_at, compiled from the definitions, with what they
--     bind; profiles, facts, memberships, which rows are looked at, said of each table so that no
--     plan reads more.
-- Out: profile_id, is_live, segment_ids, reeval_at as they are now, old_ids as they were kept.
-- Why: one shared scan instead of a difference per segment. Merged, erased and anonymous profiles
--      are in none. OFFSET keeps the planner from working all of it out twice, to compare it and
--      to write it.
SELECT
    d.profile_id, d.is_live, d.segment_ids, d.reeval_at,
    COALESCE(m.segment_ids, '{}') AS old_ids
FROM (
    SELECT
        p.id AS profile_id,
        p.merged_into_id IS NULL AND p.erased_at IS NULL AS is_live,
        CASE
            WHEN p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous THEN {segment_ids}
            ELSE '{}'::bigint[]
        END AS segment_ids,
        CASE
            WHEN p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous THEN {reeval_at}
        END AS reeval_at
    FROM crm_profile AS p
    LEFT JOIN crm_profilefacts AS f
        ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id AND {facts}
    {laterals}
    WHERE p.tenant_id = %(tenant_id)s AND {profiles}
    OFFSET 0
) AS d
LEFT JOIN segments_membership AS m
    ON m.tenant_id = %(tenant_id)s AND m.profile_id = d.profile_id AND {memberships}
WHERE (m.profile_id IS NULL AND (d.segment_ids <> '{}' OR d.reeval_at IS NOT NULL))
   OR m.segment_ids <> d.segment_ids
   OR (m.profile_id IS NOT NULL AND m.reeval_at IS DISTINCT FROM d.reeval_at)
