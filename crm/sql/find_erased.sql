-- Purpose: which of some address hashes belong to people who were erased.
-- In: hashes. Out: address_hash.
SELECT s.address_hash
FROM crm_suppression AS s
WHERE s.tenant_id = %(tenant_id)s
  AND s.reason = 'erased'
  AND s.address_hash = ANY(%(hashes)s::text[])
