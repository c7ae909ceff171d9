-- Purpose: profiles whose stored segments are not what the definitions say at this instant.
-- In: tenant_id; laterals, segment_ids, compiled from the definitions, with what they bind;
--     now; after, upto, the range of profiles; is_settled, false leaves out those whose events
--     wait to be worked off.
-- Out: profile_id, stored, computed.
-- Why: a row that is due is not wrong yet: the clock will come to it. Nor is one of somebody who
--      bought what has changed and waits to be decided (`services/goods.py`).
WITH decided AS (
    SELECT
        p.id AS profile_id,
        CASE
            WHEN p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous THEN {segment_ids}
            ELSE '{}'::bigint[]
        END AS segment_ids
    FROM crm_profile AS p
    LEFT JOIN crm_profilefacts AS f
        ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
    {laterals}
    WHERE p.tenant_id = %(tenant_id)s AND p.id > %(after)s AND p.id <= %(upto)s
)

SELECT
    d.profile_id,
    COALESCE(m.segment_ids, '{}') AS stored,
    d.segment_ids AS computed
FROM decided AS d
LEFT JOIN segments_membership AS m
    ON m.tenant_id = %(tenant_id)s AND m.profile_id = d.profile_id
WHERE COALESCE(m.segment_ids, '{}') <> d.segment_ids
  AND (m.reeval_at IS NULL OR m.reeval_at > %(now)s)
  AND NOT EXISTS (
      SELECT 1
      FROM segments_goodschange AS g
      JOIN crm_orderline AS l ON l.tenant_id = %(tenant_id)s AND l.product_id = g.product_id
      JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = l.order_id
      WHERE g.tenant_id = %(tenant_id)s AND o.profile_id = d.profile_id
  )
  AND (
      %(is_settled)s
      OR NOT EXISTS (
          SELECT 1 FROM crm_reaction AS r
          WHERE r.tenant_id = %(tenant_id)s AND r.profile_id = d.profile_id
      )
  )
ORDER BY d.profile_id
