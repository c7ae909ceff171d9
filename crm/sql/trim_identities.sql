-- Purpose: keep of the addresses and numbers of some profiles the newest 5 and 3.
-- In: ids (of profiles). Out: nothing.
DELETE FROM crm_identity AS i
WHERE i.tenant_id = %(tenant_id)s
  AND i.id IN (
    SELECT r.id
    FROM (
        SELECT
            o.id, o.kind,
            row_number() OVER (
                PARTITION BY o.profile_id, o.kind ORDER BY o.last_seen_at DESC, o.id DESC
            ) AS place
        FROM crm_identity AS o
        WHERE o.tenant_id = %(tenant_id)s
          AND o.profile_id = ANY(%(ids)s::bigint[])
          AND o.kind IN ('email', 'phone')
    ) AS r
    WHERE r.place > CASE r.kind WHEN 'email' THEN 5 ELSE 3 END
  )
