-- Tags that only Patron gave to customers of a store, as far as it is known: those of people and
-- those of segments, but for the ones that were left to the store.
--
-- in:  tenant_id, store_id  bigint
--      subjects             text[]  ids of customers
-- out: subject, tags (text array); a customer may come twice
SELECT
    w.subject,
    ARRAY(
        SELECT t.tag
        FROM jsonb_array_elements_text(w.memo -> 'tags') AS t (tag)
        WHERE NOT EXISTS (
            SELECT 1
            FROM
                jsonb_array_elements_text(
                    coalesce(l.options -> 'kept', '[]') || coalesce(l.options -> 'again', '[]')
                ) AS k (tag)
            WHERE lower(k.tag) = lower(t.tag)
        )
    ) AS tags
FROM stores_writelane AS l
JOIN stores_storewrite AS w ON w.tenant_id = l.tenant_id AND w.lane_id = l.id
WHERE l.tenant_id = %(tenant_id)s
  AND l.store_id = %(store_id)s
  AND l.kind IN ('tags', 'segments')
  AND w.subject = ANY(%(subjects)s::text[])
  AND jsonb_array_length(w.memo -> 'tags') > 0
