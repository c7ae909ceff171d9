-- Tags that only Patron gave to customers of a store, as far as it is known.
--
-- in:  tenant_id, store_id  bigint
--      subjects             text[]  ids of customers
-- out: subject, tags (text array)
SELECT
    w.subject,
    ARRAY(SELECT jsonb_array_elements_text(w.memo -> 'tags')) AS tags
FROM stores_writelane AS l
JOIN stores_storewrite AS w ON w.tenant_id = l.tenant_id AND w.lane_id = l.id
WHERE l.tenant_id = %(tenant_id)s
  AND l.store_id = %(store_id)s
  AND l.kind = 'tags'
  AND w.subject = ANY(%(subjects)s::text[])
  AND jsonb_array_length(w.memo -> 'tags') > 0
