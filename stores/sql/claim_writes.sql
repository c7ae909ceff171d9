-- Note what will be ours at a store before it is written, should the worker die meanwhile.
--
-- in:  tenant_id  bigint
--      ids        bigint[]
--      memos      text[]    JSON
UPDATE stores_storewrite AS w
SET memo = n.memo::jsonb
FROM unnest(%(ids)s::bigint[], %(memos)s::text[]) AS n (id, memo)
WHERE w.tenant_id = %(tenant_id)s AND w.id = n.id
