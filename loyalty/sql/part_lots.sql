-- loyalty/sql/part_lots.sql
-- Let lots follow their entries to whoever has these after a merge was undone.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      owners     bigint[]  both sides of the merge; their entries are where they belong
-- out: -
--
-- A merge of before there were lots did not write down which of them it moved.
UPDATE loyalty_pointslot AS l
SET profile_id = e.profile_id
FROM loyalty_pointsentry AS e
WHERE l.tenant_id = %(tenant_id)s
  AND l.profile_id = ANY(%(owners)s::bigint[])
  AND e.tenant_id = %(tenant_id)s
  AND e.id = l.id
  AND e.profile_id = ANY(%(owners)s::bigint[])
  AND e.profile_id <> l.profile_id;
