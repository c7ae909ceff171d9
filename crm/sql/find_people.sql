-- Purpose: find the profiles that some identifiers point at.
-- In: kinds, identifiers (arrays of equal length). Out: id of each profile, maybe repeated.
-- Why: LATERAL with LIMIT keeps it at one index look-up per identifier, whatever the statistics
--   of a tenant that has just begun to grow say.
SELECT i.profile_id AS id
FROM unnest(%(kinds)s::text[], %(identifiers)s::text[]) AS n (kind, identifier)
CROSS JOIN LATERAL (
    SELECT o.profile_id
    FROM crm_identity AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.kind = n.kind AND o.value_norm = n.identifier
    LIMIT 1
) AS i
