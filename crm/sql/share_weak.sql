-- Purpose: note that some ids of browsers or devices are several people's.
-- In: kinds, identifiers (arrays of equal length). Out: nothing.
UPDATE crm_identity AS i
SET is_shared = true
FROM unnest(%(kinds)s::text[], %(identifiers)s::text[]) AS n (kind, identifier)
WHERE i.tenant_id = %(tenant_id)s AND i.kind = n.kind AND i.value_norm = n.identifier
