-- Purpose: note that a newer version of some orders said the same.
-- In: ids, versions (arrays of equal length). Out: nothing.
UPDATE crm_order AS o
SET source_version_at = n.version_at
FROM unnest(%(ids)s::bigint[], %(versions)s::timestamptz[]) AS n (id, version_at)
WHERE o.tenant_id = %(tenant_id)s AND o.id = n.id AND o.id = ANY(%(ids)s::bigint[])
