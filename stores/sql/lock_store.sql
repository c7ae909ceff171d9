-- Take the lock of one store, or pass by when another writer holds it.
--
-- in:  tenant_id, store_id  bigint
-- out: id                   no row: another writer is at work
SELECT id
FROM crm_store
WHERE tenant_id = %(tenant_id)s
  AND id = %(store_id)s
FOR NO KEY UPDATE SKIP LOCKED
