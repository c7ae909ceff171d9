-- loyalty/sql/part_expiries.sql
-- Let what expired follow its lot to whoever has it after a merge was undone.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      owners     bigint[]  both sides of the merge; their lots are where they belong
-- out: -
UPDATE loyalty_pointsentry AS e
SET profile_id = l.profile_id
FROM loyalty_pointslot AS l
WHERE e.tenant_id = %(tenant_id)s
  AND e.profile_id = ANY(%(owners)s::bigint[])
  AND e.kind = 'expire'
  AND l.tenant_id = %(tenant_id)s
  AND l.profile_id = ANY(%(owners)s::bigint[])
  AND l.id::text = split_part(e.source_key, ':', 2)
  AND l.profile_id <> e.profile_id;
