-- Purpose: let identifiers point at nobody any more.
-- In: profile_id, kind, identifier (arrays of equal length). Out: nothing.
DELETE FROM crm_identity AS i
USING unnest(%(profile_id)s::bigint[], %(kind)s::text[], %(identifier)s::text[])
    AS n (profile_id, kind, identifier)
WHERE i.tenant_id = %(tenant_id)s
  AND i.profile_id = n.profile_id
  AND i.kind = n.kind
  AND i.value_norm = n.identifier
