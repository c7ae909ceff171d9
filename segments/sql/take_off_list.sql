-- Purpose: take people off a list, with entries of others who became part of them.
-- In: tenant_id; segment_id; profile_ids.
-- Out: profile_id of those who were on it, each once.
WITH entry AS (
    DELETE FROM segments_listentry AS e
    WHERE e.tenant_id = %(tenant_id)s
      AND e.segment_id = %(segment_id)s
      AND e.profile_id = ANY(%(profile_ids)s::bigint[])
    RETURNING e.profile_id
),

aside AS (
    DELETE FROM segments_listaside AS a
    WHERE a.tenant_id = %(tenant_id)s
      AND a.segment_id = %(segment_id)s
      AND a.profile_id = ANY(%(profile_ids)s::bigint[])
    RETURNING a.profile_id
)

SELECT e.profile_id FROM entry AS e
UNION
SELECT a.profile_id FROM aside AS a
