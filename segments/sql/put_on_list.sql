-- Purpose: put people on a list.
-- In: tenant_id; segment_id; profile_ids; now; actor.
-- Out: profile_id of those who were not on it; merged, erased and unknown people are left out.
INSERT INTO segments_listentry (tenant_id, segment_id, profile_id, added_at, added_by)
SELECT %(tenant_id)s, %(segment_id)s, p.id, %(now)s, %(actor)s
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
  AND p.id = ANY(%(profile_ids)s::bigint[])
  AND p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous
  AND NOT EXISTS (
      SELECT 1 FROM segments_listaside AS a
      WHERE a.tenant_id = %(tenant_id)s
        AND a.profile_id = p.id
        AND a.segment_id = %(segment_id)s
  )
ORDER BY p.id
ON CONFLICT (tenant_id, profile_id, segment_id) DO NOTHING
RETURNING profile_id
