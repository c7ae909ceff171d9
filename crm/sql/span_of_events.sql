-- Purpose: when the first and the last event of a tenant happened.
-- In: tenant_id.
-- Out: first, last; both NULL without any.
SELECT min(e.occurred_at) AS first, max(e.occurred_at) AS last
FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s
