-- Purpose: how many orders would follow an address or number if a merge were undone.
-- In: winner, merged_at; kept (ids of orders that the merge itself had moved); identities (ids of
--   the identifiers that it had moved). Out: found. follow_orders does it.
SELECT count(*) AS found
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s
  AND o.profile_id = %(winner)s
  AND o.created_at >= %(merged_at)s
  AND o.id <> ALL(%(kept)s::bigint[])
  AND EXISTS (
    SELECT 1
    FROM crm_identity AS i
    WHERE i.tenant_id = %(tenant_id)s
      AND i.id = ANY(%(identities)s::bigint[])
      AND i.profile_id = %(winner)s
      AND (
        (i.kind = 'email' AND i.value_norm = lower(o.email))
        OR (i.kind = 'phone' AND i.value_norm = o.phone)
      )
  )
