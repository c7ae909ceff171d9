-- Write what stays of raw deliveries once people are forgotten.
--
-- in:  tenant_id  bigint
--      ids        bigint[]
--      bodies     text[]    JSON; {} says nothing but of them
--      note       text      why a body is empty
--
-- Waiting deliveries stay: what they bring is refused by the suppression that erasure leaves.
UPDATE stores_inboxdelivery AS d
SET body = convert_to(v.body, 'UTF8'),
    status = CASE WHEN v.body = '{}' AND d.status = 'quarantined' THEN 'ignored' ELSE d.status END,
    reason = CASE WHEN v.body = '{}' THEN %(note)s ELSE d.reason END
FROM unnest(%(ids)s::bigint[], %(bodies)s::text[]) AS v (id, body)
WHERE d.tenant_id = %(tenant_id)s
  AND d.id = v.id
  AND d.status <> 'pending'
