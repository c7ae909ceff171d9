-- Purpose: find whose some ids of browsers and devices are, and note that they came again.
-- In: kinds, identifiers, times (arrays of equal length); grace: how much later a time must be.
-- Out: kind, value_norm, profile_id, is_shared of each that is stored.
WITH found AS (
    SELECT i.id, i.kind, i.value_norm, i.profile_id, i.is_shared, i.last_seen_at, n.seen_at
    FROM unnest(%(kinds)s::text[], %(identifiers)s::text[], %(times)s::timestamptz[])
        AS n (kind, identifier, seen_at)
    CROSS JOIN LATERAL (
        SELECT o.id, o.kind, o.value_norm, o.profile_id, o.is_shared, o.last_seen_at
        FROM crm_identity AS o
        WHERE o.tenant_id = %(tenant_id)s AND o.kind = n.kind AND o.value_norm = n.identifier
        LIMIT 1
    ) AS i
),
touched AS (
    UPDATE crm_identity AS t
    SET last_seen_at = f.seen_at
    FROM found AS f
    WHERE t.tenant_id = %(tenant_id)s AND t.id = f.id
      AND f.seen_at > f.last_seen_at + %(grace)s
)
SELECT f.kind, f.value_norm, f.profile_id, f.is_shared FROM found AS f
