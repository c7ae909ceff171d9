-- Purpose: let anonymous ids go that came again after too long a time.
-- In: kinds, identifiers, times (arrays of equal length); before. Out: nothing.
DELETE FROM crm_identity AS i
USING unnest(%(kinds)s::text[], %(identifiers)s::text[], %(times)s::timestamptz[])
    AS n (kind, identifier, seen_at)
WHERE i.tenant_id = %(tenant_id)s
  AND i.kind = n.kind
  AND i.value_norm = n.identifier
  AND i.kind = 'anonymous'
  AND i.last_seen_at < %(before)s
