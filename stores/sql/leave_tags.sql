-- Note for good which tags, of those that were given to customers of a store, are the store's own.
--
-- in:  tenant_id  bigint
--      lane_id    bigint
--      tags       text[]  in lower case
UPDATE stores_storewrite AS w
SET memo = w.memo || (
    SELECT
        jsonb_build_object(
            'tags',
            coalesce(
                jsonb_agg(t.tag ORDER BY t.tag)
                    FILTER (WHERE lower(t.tag) <> ALL(%(tags)s::text[])),
                '[]'
            ),
            'left',
            coalesce(w.memo -> 'left', '[]') || coalesce(
                jsonb_agg(t.tag) FILTER (WHERE lower(t.tag) = ANY(%(tags)s::text[])), '[]'
            )
        )
    FROM jsonb_array_elements_text(w.memo -> 'tags') AS t (tag)
)
WHERE w.tenant_id = %(tenant_id)s
  AND w.lane_id = %(lane_id)s
  AND EXISTS (
      SELECT 1
      FROM jsonb_array_elements_text(w.memo -> 'tags') AS t (tag)
      WHERE lower(t.tag) = ANY(%(tags)s::text[])
  )
