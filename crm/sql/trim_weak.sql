-- Purpose: keep of the browsers and of the devices of some profiles the 50 that came last.
-- In: ids (of profiles). Out: nothing.
DELETE FROM crm_identity AS i
WHERE i.tenant_id = %(tenant_id)s
  AND i.id IN (
    SELECT r.id
    FROM (
        SELECT
            o.id,
            row_number() OVER (
                PARTITION BY o.profile_id, o.kind ORDER BY o.last_seen_at DESC, o.id DESC
            ) AS place
        FROM crm_identity AS o
        WHERE o.tenant_id = %(tenant_id)s
          AND o.profile_id = ANY(%(ids)s::bigint[])
          AND o.kind IN ('anonymous', 'device')
    ) AS r
    WHERE r.place > 50
  )
