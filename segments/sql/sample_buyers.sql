-- Purpose: some buyers in a segment and some of the rest, evenly over all of them.
-- In: tenant_id; segment_id; member_share, rest_share, of 65,536.
-- Out: profile_id, is_member.
-- Why: scores hold one narrow row for each buyer of the last 24 months; the hash of an id parts
--      them alike each time, so that a page shows the same figures when it is opened again.
SELECT s.profile_id, COALESCE(m.segment_ids @> ARRAY[%(segment_id)s]::bigint[], false) AS is_member
FROM segments_rfmscore AS s
LEFT JOIN segments_membership AS m
    ON m.tenant_id = %(tenant_id)s AND m.profile_id = s.profile_id
WHERE s.tenant_id = %(tenant_id)s
  AND (hashint8(s.profile_id)::bigint & 65535) < CASE
      WHEN COALESCE(m.segment_ids @> ARRAY[%(segment_id)s]::bigint[], false) THEN %(member_share)s
      ELSE %(rest_share)s
  END
ORDER BY s.profile_id
